import { createDatabase, type Database, type DatabaseOptions, type Session, type SqlValue } from "../../index.ts";
import { assert, assertEqual } from "./assert.ts";
import type { ContractDialect, Source, Target } from "./target.ts";

/** One case's database, in which the dialect's tables are, with `parent (1, 'Ada', 1)`. */
export class DatabaseFixture {
  readonly db: Database;
  readonly dialect: ContractDialect;
  readonly #placeholder: "?" | "$";

  constructor({ factory, url }: Source, dialect: ContractDialect, options: Partial<DatabaseOptions>) {
    this.db = createDatabase(url, { adapters: [factory], ...options });
    this.dialect = dialect;
    this.#placeholder = factory.create({ url, folder: "" }).capabilities.placeholder;
  }

  async fill(): Promise<void> {
    await this.db.session(async (session) => {
      for (const text of this.dialect.tables) await session.query(text);
      await this.insert(session, 1, "Ada");
    });
  }

  /** A text in which `?` stands for the database's own placeholder. */
  text(text: string): string {
    let number = 0;
    return this.#placeholder === "$" ? text.replace(/\?/g, () => `$${++number}`) : text;
  }

  insertion(id: number, name: string): { text: string; params: SqlValue[] } {
    return { text: this.text("INSERT INTO parent (id, name, price) VALUES (?, ?, 1)"), params: [id, name] };
  }

  async insert(session: Session, id: number, name: string): Promise<void> {
    const { text, params } = this.insertion(id, name);
    await session.query(text, params);
  }

  /** Names in `parent`, by id, as a session of its own sees them. */
  async names(): Promise<unknown[]> {
    const { rows } = await this.db.autocommit.query<{ name: string }>("SELECT name FROM parent ORDER BY id");
    return rows.map(({ name }) => name);
  }
}

export type DatabaseCases = Readonly<Record<string, (on: DatabaseFixture) => Promise<void>>>;

/** Runs a case, and fails if a lease, a waiter or anything in the database is left. */
export async function runOnDatabase(target: Target, work: DatabaseCases[string]): Promise<void> {
  const { dialect, database = {} } = target;
  const source = await target.make();
  const on = new DatabaseFixture(source, dialect, database);
  try {
    await on.fill();
    await work(on);
    const { busy, waiting } = on.db.stats();
    assertEqual({ busy, waiting }, { busy: 0, waiting: 0 }, "lent or waiting at the end");
  } finally {
    await on.db.dispose();
    const leaks = (await source.leaks?.()) ?? [];
    await source.dispose?.();
    assert(leaks.length === 0, `still open: ${leaks.join(", ")}`);
  }
}
