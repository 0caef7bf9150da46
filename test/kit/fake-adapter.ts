// An adapter with no database behind it: it records what travels, and fails, stalls or dies on demand.

import type {
  Adapter,
  AdapterFactory,
  BeginOptions,
  Capabilities,
  DriverConnection,
  Flight,
  StatementPlace,
  Step,
  StepOutcome,
} from "../../src/contract/adapter.ts";
import type { RawResult, SqlValue, Statement } from "../../src/contract/statement.ts";
import { DbError, type Outcome } from "../../src/errors.ts";
import { CAPABILITIES, textOf } from "../../src/integrations/testing/fake-adapter.ts";

/** What a step does instead of succeeding with no rows. */
export interface Answer {
  readonly columns?: readonly string[];
  readonly rows?: SqlValue[][];
  readonly rowsAffected?: number;
  readonly error?: Error;
  /** The connection dies here, with this outcome told. */
  readonly lost?: Outcome;
  /** The transaction's state after the step, where it is not the usual one. */
  readonly state?: DriverConnection["state"];
}

/** Decides about a step by its text (`begin`, `commit`, `savepoint isopool_1`, or the statement's own). */
export type Script = (
  text: string,
  connection: FakeConnection,
  signal: AbortSignal | undefined,
) => Answer | undefined | Promise<Answer | undefined>;

export interface FakeAdapterOptions {
  readonly key?: string | undefined;
  readonly capabilities?: Partial<Capabilities>;
  readonly setup?: readonly Statement[];
  readonly script?: Script;
  /** Runs at each open, before there is a connection; may throw. */
  readonly onOpen?: (attempt: number, signal: AbortSignal, url: string) => void | Promise<void>;
  readonly ping?: (connection: FakeConnection) => boolean | Promise<boolean>;
  readonly check?: (statement: Statement, place: StatementPlace) => void;
  /** Runs at each close, once the connection is closed; may throw. */
  readonly onClose?: (connection: FakeConnection) => void | Promise<void>;
}

export class FakeAdapter {
  /** One line an event: `open 1`, `1: begin | insert`, `close 1`. */
  readonly log: string[] = [];
  readonly connections: FakeConnection[] = [];
  /** How each transaction was to begin. */
  readonly begins: BeginOptions[] = [];
  readonly factory: AdapterFactory;
  script: Script | undefined;
  opens = 0;
  disposals = 0;

  constructor(options: FakeAdapterOptions = {}) {
    this.script = options.script;
    const adapter: Adapter = {
      name: "fake",
      key: options.key,
      capabilities: {
        ...CAPABILITIES,
        isolationLevels: ["read committed", "serializable"],
        ...options.capabilities,
      },
      open: async ({ signal, url }) => {
        const attempt = ++this.opens;
        await options.onOpen?.(attempt, signal, url);
        const connection = new FakeConnection(this, this.connections.length + 1, options);
        this.connections.push(connection);
        this.log.push(`open ${connection.number}`);
        return connection;
      },
      dispose: () => {
        this.disposals++;
      },
      ...(options.check && { check: options.check }),
    };
    this.factory = { schemes: ["fake"], identity: [this], create: () => adapter };
  }

  /** Round trips so far. */
  get flights(): string[] {
    return this.log.filter((line) => !/^(open|close|ping) /.test(line));
  }

  get openConnections(): number {
    return this.connections.filter(({ isClosed }) => !isClosed).length;
  }
}

export class FakeConnection implements DriverConnection {
  readonly number: number;
  readonly raw: object;
  readonly setup: readonly Statement[];
  readonly ping?: () => Promise<boolean>;
  state: DriverConnection["state"] = "idle";
  isReusable = true;
  /** A script sets it, as a statement would. */
  hasSessionState: boolean | undefined;
  isClosed = false;
  closes = 0;
  readonly #adapter: FakeAdapter;
  readonly #onClose: FakeAdapterOptions["onClose"];

  constructor(adapter: FakeAdapter, number: number, { setup = [], ping, onClose }: FakeAdapterOptions) {
    this.#adapter = adapter;
    this.#onClose = onClose;
    this.number = number;
    this.raw = { number };
    this.setup = setup;
    if (ping === undefined) return;
    this.ping = async () => {
      adapter.log.push(`ping ${number}`);
      return ping(this);
    };
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    this.#adapter.log.push(`${this.number}: ${flight.steps.map(textOf).join(" | ")}`);
    if (this.state === "closed") throw this.#die("not-executed");
    const outcomes: StepOutcome[] = [];
    let isStopped = false;
    for (const step of flight.steps) {
      const isSkipped: boolean = isStopped || (step.kind === "query" && step.guarded && this.state !== "transaction");
      const outcome: StepOutcome = isSkipped ? { status: "skipped" } : await this.#take(step, signal);
      outcomes.push(outcome);
      isStopped ||= outcome.status !== "done" && (step.kind !== "query" || step.onError === "stop");
    }
    if (isStopped && flight.undo?.length) {
      this.#adapter.log.push(`${this.number}: undo ${flight.undo.map(textOf).join(" | ")}`);
      for (const step of flight.undo) await this.#take(step, signal);
    }
    return outcomes;
  }

  async #take(step: Step, signal: AbortSignal | undefined): Promise<StepOutcome> {
    const answer =
      (await abortable(this.#adapter.script?.(textOf(step), this, signal), signal, () => this.#close())) ?? {};
    if (answer.lost !== undefined) throw this.#die(answer.lost);
    if (answer.state !== undefined) this.state = answer.state;
    if (answer.error !== undefined) return { status: "failed", error: answer.error };
    if (answer.state === undefined) {
      if (step.kind === "begin") {
        this.#adapter.begins.push(step.options);
        this.state = "transaction";
      }
      if (step.kind === "commit" || step.kind === "rollback") this.state = "idle";
    }
    const { columns = [], rows = [], rowsAffected = 0 } = answer;
    return { status: "done", result: { columns, rows, rowsAffected } satisfies RawResult };
  }

  stream(statement: Statement, { batchSize }: { readonly batchSize: number }) {
    let at = 0;
    this.#adapter.log.push(`${this.number}: stream ${statement.text}`);
    return {
      next: async () => {
        const answer = await this.#adapter.script?.(statement.text, this, undefined);
        if (answer?.lost !== undefined) throw this.#die(answer.lost);
        if (answer?.error) throw answer.error;
        const rows = (answer?.rows ?? []).slice(at, (at += batchSize));
        const value = { columns: answer?.columns ?? [], rows };
        return rows.length === 0 ? { done: true as const, value: undefined } : { done: false as const, value };
      },
      return: () => {
        this.#adapter.log.push(`${this.number}: stream returned`);
      },
    };
  }

  async close(): Promise<void> {
    this.closes++;
    this.#close();
    this.#adapter.log.push(`close ${this.number}`);
    await this.#onClose?.(this);
  }

  #close(): void {
    this.state = "closed";
    this.isClosed = true;
  }

  #die(outcome: Outcome): DbError {
    this.#close();
    return new DbError("CONNECTION_LOST", "the connection is gone", { adapter: "fake" }, { outcome, retryable: true });
  }
}

async function abortable<T>(promise: T | Promise<T>, signal: AbortSignal | undefined, close: () => void): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      close();
      reject(signal.reason);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    // At once: an abort in the next microtask must not close what was answered.
    const disarm = (): void => signal.removeEventListener("abort", onAbort);
    Promise.resolve(promise).finally(disarm).then(resolve, reject);
  });
}

/** A failure as adapters report it. */
export function queryFailed(kind: DbError<"QUERY_FAILED">["details"]["kind"], sql = "", retryable = false): DbError {
  return new DbError("QUERY_FAILED", `${kind} failure`, { kind, sql, dialectCode: undefined }, { retryable });
}
