import type {
  Adapter,
  DriverConnection,
  Flight,
  Params,
  QueryStep,
  RawResult,
  SqlValue,
  Statement,
  Step,
  StepOutcome,
} from "../../index.ts";
import { assert } from "./assert.ts";
import type { ContractDialect, Source } from "./target.ts";

export const BEGIN: Step = { kind: "begin", options: {} };
export const COMMIT: Step = { kind: "commit" };
export const ROLLBACK: Step = { kind: "rollback" };

/** One case's adapter and the connections that it opened. */
export class Fixture {
  readonly adapter: Adapter;
  readonly dialect: ContractDialect;
  readonly url: string;
  readonly #source: Source;
  readonly #open: DriverConnection[] = [];

  constructor(source: Source, dialect: ContractDialect) {
    this.#source = source;
    this.adapter = source.factory.create({ url: source.url, folder: "" });
    this.url = source.url;
    this.dialect = dialect;
  }

  /** A connection on which its setup has run, as a session would find it. */
  async open(): Promise<DriverConnection> {
    const connection = await this.adapter.open({ url: this.url, signal: new AbortController().signal });
    this.#open.push(connection);
    const setup = connection.setup.map((statement): Step => ({ ...this.query(statement), isSetup: true }));
    if (setup.length > 0) for (const outcome of await connection.send({ steps: setup })) unwrap(outcome);
    return connection;
  }

  /** A connection and, in its database, the dialect's tables with `parent (1, 'Ada', 1)`. */
  async openWithTables(): Promise<DriverConnection> {
    const connection = await this.open();
    for (const text of this.dialect.tables) await this.run(connection, text);
    await this.insert(connection, 1, "Ada");
    return connection;
  }

  /** Runs one statement; throws its error. */
  async run(connection: DriverConnection, text: string, params?: Params): Promise<RawResult> {
    const [outcome] = await connection.send({ steps: [this.query(this.statement(text, params))] });
    return unwrap(outcome);
  }

  /** The only value of a query's only row. */
  async value(connection: DriverConnection, text: string, params?: Params): Promise<SqlValue> {
    const { rows } = await this.run(connection, text, params);
    assert(rows.length === 1 && rows[0]!.length === 1, `expected one value of \`${text}\``);
    return rows[0]![0]!;
  }

  send(connection: DriverConnection, steps: readonly Step[], undo?: readonly Step[]): Promise<StepOutcome[]> {
    const flight: Flight = undo === undefined ? { steps } : { steps, undo };
    return Promise.resolve(connection.send(flight));
  }

  /** A text in which `?` stands for the database's own placeholder. */
  statement(text: string, params?: Params): Statement {
    let number = 0;
    const own = this.adapter.capabilities.placeholder === "$" ? text.replace(/\?/g, () => `$${++number}`) : text;
    return params === undefined ? { text: own } : { text: own, params };
  }

  query(statement: Statement, options: Partial<Pick<QueryStep, "guarded" | "onError">> = {}): QueryStep {
    return { kind: "query", statement, guarded: false, onError: "stop", ...options };
  }

  insertStep(id: number, name: string, options?: Partial<Pick<QueryStep, "guarded" | "onError">>): QueryStep {
    return this.query(this.statement("INSERT INTO parent (id, name, price) VALUES (?, ?, 1)", [id, name]), options);
  }

  async insert(connection: DriverConnection, id: number, name: string): Promise<void> {
    unwrap((await connection.send({ steps: [this.insertStep(id, name)] }))[0]);
  }

  /** Names in `parent`, by id. */
  async names(connection: DriverConnection): Promise<SqlValue[]> {
    return (await this.run(connection, "SELECT name FROM parent ORDER BY id")).rows.map(([name]) => name!);
  }

  /** Closes what the case left open, and tells what is still there then. */
  async end(): Promise<void> {
    for (const connection of this.#open) {
      if (connection.state !== "closed") await connection.close();
      assert(connection.state === "closed", "a connection is closed once it was told to close");
    }
    const leaks = (await this.#source.leaks?.()) ?? [];
    await this.adapter.dispose?.();
    await this.#source.dispose?.();
    assert(leaks.length === 0, `still open: ${leaks.join(", ")}`);
  }
}

export function unwrap(outcome: StepOutcome | undefined): RawResult {
  if (outcome?.status === "failed") throw outcome.error;
  assert(outcome?.status === "done", `expected a step that was done, got ${outcome?.status}`);
  return outcome.result;
}

export function statuses(outcomes: readonly StepOutcome[]): string {
  return outcomes.map(({ status }) => status).join(" ");
}

export function errorOf(outcome: StepOutcome | undefined): Error {
  assert(outcome?.status === "failed", `expected a step that failed, got ${outcome?.status}`);
  return outcome.error;
}
