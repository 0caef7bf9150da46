import type {
  Adapter,
  AdapterFactory,
  Capabilities,
  DriverConnection,
  Flight,
  MaybePromise,
  RowStream,
  Step,
  StepOutcome,
  StreamOptions,
} from "../../contract/adapter.ts";
import type { Params, RawResult, SqlValue, Statement } from "../../contract/statement.ts";
import { DbError, isDbError } from "../../errors.ts";
import { orAbort } from "../../adapters/shared/waits.ts";
import { checkNames } from "../../option-names.ts";
import { throwIfAborted } from "../../signal.ts";

/** What a fake database is asked: a statement, or a step that isopool takes itself (`begin`, `commit`, `savepoint x`). */
export interface FakeRequest {
  readonly kind: Step["kind"];
  readonly text: string;
  readonly params: Params | undefined;
  /** Number of the connection, from 1. */
  readonly connection: number;
  readonly signal: AbortSignal | undefined;
}

/** Rows as objects; or positional rows with their columns; `undefined`: done, with no rows. */
export type FakeAnswer = readonly Readonly<Record<string, SqlValue>>[] | Partial<RawResult> | undefined | void;

export interface FakeAdapterOptions {
  /**
   * Answers each step, also later. What it throws fails the statement; a DbError `CONNECTION_LOST` ends the connection, and its
   * `outcome` says whether the flight has run.
   */
  readonly answer?: ((request: FakeRequest) => MaybePromise<FakeAnswer>) | undefined;
  /** Called when a connection is opened, with its number; what it throws fails that. */
  readonly open?: ((connection: number, signal: AbortSignal) => MaybePromise<void>) | undefined;
  /** What differs from: SQLite's dialect, interactive transactions, savepoints, any number of connections. */
  readonly capabilities?: Partial<Capabilities> | undefined;
}

/** A factory for `adapters`, and what its databases were asked. */
export interface FakeAdapter extends AdapterFactory {
  /** The texts of each flight, in order: `[["begin", "select 1"], ["commit"]]`. */
  readonly flights: readonly (readonly string[])[];
  /** How many connections are open. */
  readonly openConnections: number;
}

const OPTIONS: readonly (keyof FakeAdapterOptions)[] = ["answer", "open", "capabilities"];

/** Of a fake, unless it is told otherwise. */
export const CAPABILITIES: Capabilities = {
  dialect: "sqlite",
  affinity: "isolate",
  transactions: "interactive",
  savepoints: true,
  streaming: true,
  maxConnections: Infinity,
  placeholder: "?",
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};

/**
 * An adapter without a database, for the scheme `fake:`: it answers what you say, so that an application's failures can be tested
 * one by one: a lost connection, a commit without an answer, a serialization failure.
 *
 * @example
 * const lost = new DbError("CONNECTION_LOST", "gone", { adapter: "fake" }, { outcome: "unknown" });
 * const adapter = fakeAdapter({
 *   answer: ({ kind, text }) => {
 *     if (kind === "commit") throw lost;
 *     if (text.startsWith("select")) return [{ id: 1, name: "Ada" }];
 *   },
 * });
 * const db = createDatabase("fake:shop", { adapters: [adapter] });
 */
export function fakeAdapter(options: FakeAdapterOptions = {}): FakeAdapter {
  checkNames(options, OPTIONS, "fakeAdapter()");
  const { answer, open, capabilities } = options;
  checkNames(capabilities, [...Object.keys(CAPABILITIES), "writesAtCommit"], "the capabilities of a fake");
  if (answer !== undefined && typeof answer !== "function")
    throw new TypeError(`Expected \`answer\` to be a function, got \`${typeof answer}\``);
  const flights: string[][] = [];
  const connections: FakeConnection[] = [];
  let opened = 0;
  const all = { ...CAPABILITIES, ...capabilities };
  const adapter: Adapter = {
    name: "fake",
    key: undefined,
    capabilities: all,
    open: async ({ signal }) => {
      const number = ++opened;
      try {
        await open?.(number, signal);
      } catch (cause) {
        if (isDbError(cause) || signal.aborted) throw cause;
        throw new DbError("CONNECT_FAILED", "the fake could not open: see `cause`", { adapter: "fake" }, { cause });
      }
      const connection = new FakeConnection(number, flights, answer ?? (() => undefined));
      connections.push(connection);
      return connection;
    },
  };
  return {
    dialect: all.dialect,
    schemes: ["fake"],
    identity: [adapter],
    create: () => adapter,
    flights,
    get openConnections(): number {
      return connections.filter(({ state }) => state !== "closed").length;
    },
  };
}

class FakeConnection implements DriverConnection {
  readonly raw: object = {};
  readonly setup: readonly Statement[] = [];
  readonly isReusable = true;
  state: DriverConnection["state"] = "idle";
  readonly #number: number;
  readonly #flights: string[][];
  readonly #answer: NonNullable<FakeAdapterOptions["answer"]>;

  constructor(number: number, flights: string[][], answer: NonNullable<FakeAdapterOptions["answer"]>) {
    this.#number = number;
    this.#flights = flights;
    this.#answer = answer;
  }

  async send({ steps, undo = [] }: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    this.#checkOpen();
    throwIfAborted(signal);
    this.#flights.push(steps.map(textOf));
    return this.#orClose(this.#run(steps, undo, signal), signal);
  }

  stream(statement: Statement, { batchSize, signal }: StreamOptions): RowStream {
    this.#flights.push([statement.text]);
    let outcome: StepOutcome | undefined;
    let at = 0;
    return {
      next: async () => {
        this.#checkOpen();
        const step = { kind: "query", statement, guarded: false, onError: "stop" } as const;
        outcome ??= await this.#orClose(this.#take(step, signal), signal);
        if (outcome.status !== "done") throw (outcome as { error?: unknown }).error;
        const { columns, rows: all } = outcome.result;
        const rows = all.slice(at, (at += batchSize));
        return rows.length > 0 ? { done: false, value: { columns, rows } } : { done: true, value: undefined };
      },
      return: () => undefined,
    };
  }

  close(): void {
    this.state = "closed";
  }

  /** What is lost or given up ends the connection. */
  async #orClose<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await orAbort(running, signal);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #run(steps: readonly Step[], undo: readonly Step[], signal: AbortSignal | undefined): Promise<StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    let isStopped = false;
    for (const step of steps) {
      const outcome: StepOutcome = isStopped ? { status: "skipped" } : await this.#take(step, signal);
      outcomes.push(outcome);
      if (outcome.status === "failed") isStopped = step.kind !== "query" || step.onError === "stop";
    }
    if (isStopped) for (const step of undo) await this.#take(step, signal);
    return outcomes;
  }

  async #take(step: Step, signal: AbortSignal | undefined): Promise<StepOutcome> {
    if (step.kind === "query" && step.guarded && this.state !== "transaction") return { status: "skipped" };
    try {
      const result = await this.#ask(step, signal);
      if (step.kind === "begin") this.state = "transaction";
      if (step.kind === "commit" || step.kind === "rollback") this.state = "idle";
      return { status: "done", result };
    } catch (error) {
      if (isDbError(error, "CONNECTION_LOST")) throw error;
      return { status: "failed", error: isDbError(error) ? error : failed(error, textOf(step)) };
    }
  }

  async #ask(step: Step, signal: AbortSignal | undefined): Promise<RawResult> {
    const params = step.kind === "query" ? step.statement.params : undefined;
    const request = { kind: step.kind, text: textOf(step), params, connection: this.#number, signal };
    return toRaw(await this.#answer(request));
  }

  #checkOpen(): void {
    if (this.state !== "closed") return;
    throw new DbError("CONNECTION_LOST", "the connection is closed", { adapter: "fake" }, { retryable: true });
  }
}

function toRaw(answer: FakeAnswer): RawResult {
  if (!Array.isArray(answer)) return { columns: [], rows: [], rowsAffected: 0, ...(answer as Partial<RawResult>) };
  const rows = answer as readonly Readonly<Record<string, SqlValue>>[];
  // Of a database's rows each has all columns.
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { columns, rows: rows.map((row) => columns.map((name) => row[name] ?? null)), rowsAffected: 0 };
}

function failed(cause: unknown, sql: string): DbError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new DbError("QUERY_FAILED", message, { kind: "other", sql, dialectCode: undefined }, { cause });
}

/** What is written down of a step: `begin`, `savepoint x`, the text of a statement. */
export function textOf(step: Step): string {
  if (step.kind === "query") return step.statement.text;
  return "name" in step ? `${step.kind} ${step.name}` : step.kind;
}
