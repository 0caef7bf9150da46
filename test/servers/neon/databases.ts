import { Backend } from "./backend.ts";
import type { Postgres } from "./postgres.ts";

/** Who owns the databases: no superuser, as at Neon. */
export const [OWNER, PASSWORD] = ["neondb_owner", "npg_secret"];

const ROLES = `CREATE ROLE ${OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '${PASSWORD}'; CREATE ROLE authenticated LOGIN`;

/** What can be seen of a database's past: whatever is not PostgreSQL's own, and who may do what in it. */
const IN_DATABASE = `
  WITH here AS (SELECT * FROM pg_database WHERE datname = current_database())
  SELECT pg_describe_object(classid, objid, objsubid) AS seen FROM pg_depend WHERE objid >= 16384
  UNION SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend, here WHERE dbid = here.oid
  UNION SELECT format('schema %s of %s: %s', nspname, nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
  UNION SELECT format('database of %s: %s, %s', datdba::regrole, datacl, datconnlimit) FROM here
  UNION SELECT 'comment ' || shobj_description(oid, 'pg_database') FROM here
  UNION SELECT format('set for %s: %s', setrole, setconfig) FROM pg_db_role_setting, here WHERE setdatabase = here.oid
  ORDER BY seen`;

/** The same of what all its databases share. */
const IN_ALL = `
  SELECT pg_authid::text AS seen FROM pg_authid
  UNION SELECT format('%s in %s', member, roleid) FROM pg_auth_members
  UNION SELECT format('set for %s: %s', setrole, setconfig) FROM pg_db_role_setting WHERE setdatabase = 0
  UNION SELECT datname FROM pg_database WHERE datname !~ '^neondb_[0-9]+$'
  ORDER BY seen`;

let databases = 0;

/**
 * The databases of one PostgreSQL. To make one costs as much as a dozen tests: those of servers that have ended are emptied
 * and used again, if they are as new then.
 */
export class Databases {
  readonly postgres: Postgres;
  readonly #empty: string[] = [];
  /** What a new database looks like. */
  #new: string | undefined;
  /** What they share, before anybody came. */
  #shared = "";

  private constructor(postgres: Postgres) {
    this.postgres = postgres;
  }

  static async prepare(postgres: Postgres): Promise<Databases> {
    const databases = new Databases(postgres);
    await databases.#within("postgres", (admin) => admin.run(ROLES));
    databases.#shared = await databases.#look(IN_ALL);
    return databases;
  }

  /** The name of one that is empty. */
  async take(): Promise<string> {
    const used = this.#empty.pop();
    if (used !== undefined) return used;
    const name = `neondb_${++databases}`;
    await this.#within("postgres", (admin) => admin.run(`CREATE DATABASE ${name} OWNER ${OWNER}`));
    this.#new ??= await this.#look(IN_DATABASE, name);
    return name;
  }

  /** @param name - whose clients have gone. */
  async giveBack(name: string): Promise<void> {
    await this.#within(name, (admin) => admin.run(`DROP OWNED BY ${OWNER}, authenticated CASCADE`));
    if ((await this.#look(IN_DATABASE, name)) === this.#new) this.#empty.push(name);
    else await this.#within("postgres", (admin) => admin.run(`DROP DATABASE ${name} WITH (FORCE)`));
  }

  /** Whether what they share is as it was: nobody has changed a role, or made one, or a database of his own. */
  async isUnspoiled(): Promise<boolean> {
    return (await this.#look(IN_ALL)) === this.#shared;
  }

  #look(sql: string, database = "postgres"): Promise<string> {
    return this.#within(database, async (admin) => (await admin.run(sql)).rows.join("\n"));
  }

  // A connection each time: several servers may ask at once.
  async #within<T>(database: string, work: (admin: Backend) => Promise<T>): Promise<T> {
    const admin = await administer(this.postgres, database);
    try {
      return await work(admin);
    } finally {
      admin.close();
    }
  }
}

export function administer({ socketPath }: Postgres, database: string): Promise<Backend> {
  return Backend.connect({ path: socketPath }, { user: "postgres", database });
}
