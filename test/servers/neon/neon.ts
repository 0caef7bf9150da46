import { setTimeout as sleep } from "node:timers/promises";
import { Backend } from "./backend.ts";
import { administer, type Databases, OWNER, PASSWORD } from "./databases.ts";
import type { Counts, Fault, Kill, NeonDatabase, NeonServerOptions, OpenReport, SeenRequest } from "./options.ts";
import { startPooler } from "./pooler.ts";
import type { Postgres } from "./postgres.ts";
import { Proxy } from "./proxy.ts";
import { Relay } from "./relay.ts";

const ACTIVITY = `SELECT pid, coalesce(state, ''), coalesce(query, ''),
    (SELECT count(*) FROM pg_locks WHERE pg_locks.pid = activity.pid AND locktype = 'advisory')
  FROM pg_stat_activity AS activity
  WHERE backend_type = 'client backend' AND datname = ANY ($1::text[]) AND pid <> ALL ($2::int[])
  ORDER BY backend_start`;
/** Closing takes a moment, at PostgreSQL too, and machines may pause. */
const CLOSING_MS = 10_000;

/** What a server tells when it has started. */
export interface Started {
  readonly port: number;
  /** Where PostgreSQL's own protocol is spoken. */
  readonly plainPort: number;
  readonly database: NeonDatabase;
}

/** PostgreSQL behind a proxy like Neon's, with databases of its own. */
export class Neon {
  readonly databases: Databases;
  readonly #options: NeonServerOptions;
  readonly #proxy: Proxy;
  readonly #admin: Backend;
  /** Names of its own. */
  readonly #names: string[] = [];
  readonly #pooler: Postgres | undefined;
  readonly #relays: Relay[] = [];
  /** For `query()` that is called again and again: PostgreSQL needs 40 ms of a processor to begin a connection. */
  #kept: Backend | undefined;
  #keptPid = 0;

  private constructor(databases: Databases, options: NeonServerOptions, admin: Backend, pooler: Postgres | undefined) {
    this.databases = databases;
    this.#options = options;
    this.#admin = admin;
    this.#pooler = pooler;
    this.#proxy = new Proxy(databases.postgres, pooler ?? databases.postgres, options);
  }

  static async start(databases: Databases, options: NeonServerOptions): Promise<Neon> {
    const { postgres } = databases;
    const pooler = options.pooler === undefined ? undefined : await startPooler(postgres, options.pooler);
    return new Neon(databases, options, await administer(postgres, "postgres"), pooler);
  }

  async listen(): Promise<Started> {
    const { port: wanted = 0, delayMs = 0 } = this.#options;
    const database = await this.createDatabase();
    const [inner, plain] = [await this.#proxy.listen(delayMs === 0 ? wanted : 0), await this.#proxy.listenPlain()];
    if (delayMs === 0) return { port: inner, plainPort: plain, database };
    const relay = async (target: number, to: number): Promise<number> => {
      const relay = new Relay(target, delayMs);
      this.#relays.push(relay);
      return relay.listen(to);
    };
    return { port: await relay(inner, wanted), plainPort: await relay(plain, 0), database };
  }

  /** Another empty database at this server. */
  async createDatabase(): Promise<NeonDatabase> {
    const name = await this.databases.take();
    this.#names.push(name);
    const [endpoint] = this.#options.endpoints ?? ["ep-test"];
    const login = `postgresql://${OWNER}:${PASSWORD}`;
    return {
      name,
      user: OWNER,
      password: PASSWORD,
      url: `${login}@${endpoint}.local.neon.test/${name}?sslmode=require&channel_binding=require`,
      directUrl: `${login}@127.0.0.1:${this.databases.postgres.port}/${name}`,
    };
  }

  /**
   * As the owner, past the proxy: rows of the last statement that has some. Nothing of it is counted.
   *
   * @param isAgain - on a connection that stays for the next such call.
   */
  async query(sql: string, database = this.#names[0]!, isAgain = false): Promise<Record<string, string | null>[]> {
    const backend = (isAgain && this.#takeKept()) || (await this.#connect(database));
    if (isAgain && !this.#keptPid) this.#keptPid = backend.pid;
    try {
      const { fields, rows } = await backend.run(sql);
      return rows.map((row) => Object.fromEntries(row.map((cell, at) => [fields[at]!.name, cell])));
    } finally {
      if (backend.pid === this.#keptPid) this.#kept = backend;
      else backend.close();
    }
  }

  #connect(database: string): Promise<Backend> {
    return Backend.connect({ path: this.databases.postgres.socketPath }, { user: OWNER, database });
  }

  #takeKept(): Backend | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    if (!kept?.isDead) return kept;
    this.#keptPid = 0;
    return undefined;
  }

  get requests(): readonly SeenRequest[] {
    return this.#proxy.requests;
  }

  get counts(): Counts {
    return this.#proxy.counts;
  }

  async open(): Promise<OpenReport> {
    const list = (items: readonly unknown[]): string => `{${items.join(",")}}`;
    const { rows } = await this.#admin.query(ACTIVITY, [
      list(this.#names),
      list([...this.#proxy.idlePids, this.#keptPid]),
    ]);
    return {
      tunnels: this.#proxy.tunnels,
      backends: rows.map(([pid, state, query]) => ({ pid: Number(pid), state: state!, query: query! })),
      advisoryLocks: rows.reduce((sum, row) => sum + Number(row[3]), 0),
    };
  }

  /** What is open and does not close by itself in time, in words. */
  async leaks(withinMs: number = CLOSING_MS): Promise<string[]> {
    const endsAt = performance.now() + withinMs;
    for (;;) {
      const { tunnels, backends, advisoryLocks } = await this.open();
      const leaks = [
        ...tunnels.map(({ number, status }) => `tunnel ${number}, status ${status}`),
        // Those of a pooler stay, and what is left in them too.
        ...backends
          .filter(({ state }) => !this.#pooler || state !== "idle")
          .map(({ pid, state, query }) => `backend ${pid}, ${state}: ${query}`),
        ...(advisoryLocks > 0 && !this.#pooler ? [`${advisoryLocks} advisory locks`] : []),
      ];
      if (leaks.length === 0 || performance.now() > endsAt) return leaks;
      await sleep(10);
    }
  }

  forgetRequests(): void {
    this.#proxy.forgetRequests();
  }

  fail(fault: Fault): void {
    this.#proxy.faults.add(fault);
  }

  clearFaults(): void {
    this.#proxy.faults.clear();
  }

  metFaults(): Promise<void> {
    return this.#proxy.faults.met();
  }

  kill(kill: Kill = {}): number {
    return this.#proxy.kill(kill);
  }

  /** As a restart of the compute does: PostgreSQL ends its clients' backends, those of `POST /sql` too, with 57P01. */
  async killBackends(): Promise<number> {
    const pids = `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = ANY ($1::text[])`;
    return (await this.#admin.query(pids, [`{${this.#names.join(",")}}`])).rows.length;
  }

  async stop(): Promise<void> {
    for (const relay of this.#relays) await relay.stop();
    await this.#proxy.stop();
    await this.#pooler?.stop();
    this.#kept?.close();
    await this.killBackends();
    for (const name of this.#names) await this.databases.giveBack(name);
    this.#admin.close();
  }
}
