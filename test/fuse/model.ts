// A database of one table, in memory, that answers at once, or later. It fails a statement or loses a request as it is told.

import { AsyncLocalStorage } from "node:async_hooks";
import type {
  Adapter,
  AdapterFactory,
  DriverConnection,
  Flight,
  Step,
  StepOutcome,
} from "../../src/contract/adapter.ts";
import { asyncLocal, createDatabase, type Database, DbError } from "../../src/index.ts";
import { CAPABILITIES } from "../../src/integrations/testing/fake-adapter.ts";

export interface Faults {
  /** Number of the statement that fails, from 1. */
  readonly failing?: number;
  /** Number of the request that is lost: before anything is executed, or behind all of it; or it hangs until it is aborted. */
  readonly lost?: { readonly request: number; readonly when: "before" | "after" | "hung before" | "hung after" };
  /** Answers come in a later turn of the event loop. */
  readonly isSlow?: boolean;
}

const MOST_REQUESTS = 5_000;
const ROW = { columns: ["n"], rowsAffected: 0 };

// One for all: each storage slows every promise of the process.
const context = asyncLocal(AsyncLocalStorage);

export class Model {
  /** What was executed, transaction by transaction, in order. */
  readonly journal: string[] = [];
  rows: Map<string, number> = new Map([["a", 1]]);
  requests = 0;
  statements = 0;
  readonly faults: Faults;
  /** Aborts what hangs. */
  readonly aborting: AbortController = new AbortController();

  constructor(faults: Faults = {}) {
    this.faults = faults;
  }

  open(): Database {
    const adapter = {
      name: "model",
      capabilities: { ...CAPABILITIES, placeholder: "?" },
      open: () => Promise.resolve(new ModelConnection(this)),
    } as unknown as Adapter;
    const factory: AdapterFactory = { schemes: ["model"], identity: [this], create: () => adapter };
    return createDatabase("model:db", { adapters: [factory], context });
  }
}

class ModelConnection implements DriverConnection {
  state: DriverConnection["state"] = "idle";
  readonly isReusable = true;
  readonly raw: object = {};
  readonly setup = [];
  readonly #model: Model;
  #saved: { readonly name: string; readonly rows: Map<string, number> }[] = [];

  constructor(model: Model) {
    this.#model = model;
  }

  send(flight: Flight, signal?: AbortSignal): StepOutcome[] | Promise<StepOutcome[]> {
    if (!this.#model.faults.isSlow) return this.#send(flight, signal);
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#send(flight, signal));
  }

  #send({ steps, undo = [] }: Flight, signal: AbortSignal | undefined): StepOutcome[] | Promise<StepOutcome[]> {
    const model = this.#model;
    // Outside of a transaction each statement is a request of its own, as at Neon over HTTP.
    const isPlain = this.state === "idle" && steps.every(({ kind }) => kind === "query");
    const outcomes: StepOutcome[] = [];
    let lost = isPlain ? undefined : this.#leave();
    if (lost?.endsWith("before")) return this.#lose(lost, "unknown", signal);
    let isStopped = false;
    for (const step of steps) {
      if (isPlain && !isStopped) lost = this.#leave();
      if (isPlain && lost?.endsWith("before")) return this.#lose(lost, "not-executed", signal);
      const isSkipped: boolean = isStopped || (step.kind === "query" && step.guarded && this.state === "idle");
      const outcome: StepOutcome = isSkipped ? { status: "skipped" } : this.#take(step);
      outcomes.push(outcome);
      if (isPlain && lost) return this.#lose(lost, "unknown", signal);
      isStopped ||= outcome.status !== "done" && (step.kind !== "query" || step.onError === "stop");
    }
    if (isStopped) for (const step of undo) this.#take(step);
    if (lost) return this.#lose(lost, "unknown", signal);
    if (model.requests > MOST_REQUESTS) throw new Error("a program does not end");
    return outcomes;
  }

  /** Counts a request; what befalls it. */
  #leave(): string | undefined {
    const { faults } = this.#model;
    return faults.lost?.request === ++this.#model.requests ? faults.lost.when : undefined;
  }

  #lose(how: string, outcome: "unknown" | "not-executed", signal: AbortSignal | undefined): Promise<never> {
    if (!how.startsWith("hung")) this.#die(outcome);
    return new Promise((_resolve, reject) => {
      const abort = (): void => (this.close(), reject(signal!.reason));
      signal!.addEventListener("abort", abort);
      setImmediate(() => this.#model.aborting.abort(new Error("it hangs")));
    });
  }

  #take(step: Step): StepOutcome {
    const model = this.#model;
    if (step.kind === "query") return this.#run(step.statement.text, (step.statement.params ?? []) as unknown[]);
    model.journal.push("name" in step ? step.kind : step.kind);
    if (step.kind === "begin" || step.kind === "savepoint")
      this.#saved.push({ name: "name" in step ? step.name : "", rows: new Map(model.rows) });
    else if (step.kind === "rollback" && this.#saved[0]) model.rows = this.#saved[0].rows;
    else if (step.kind === "rollback-to" || step.kind === "release") {
      const at = this.#saved.findIndex((each) => each.name === step.name);
      if (step.kind === "rollback-to") model.rows = new Map(this.#saved[at]!.rows);
      this.#saved.length = step.kind === "release" ? at : at + 1;
    }
    if (step.kind === "begin") this.state = "transaction";
    if (step.kind === "commit" || step.kind === "rollback") {
      this.state = "idle";
      this.#saved = [];
    }
    return { status: "done", result: { columns: [], rows: [], rowsAffected: 0 } };
  }

  #run(text: string, [key, value]: unknown[]): StepOutcome {
    const model = this.#model;
    // As texts: a list that holds itself has no JSON.
    model.journal.push(`${text} ${String(key)}, ${String(value)}`);
    const { rows } = model;
    const name = String(key);
    const isTaken = text.startsWith("insert") && rows.has(name);
    if (++model.statements === model.faults.failing || isTaken) {
      const message = isTaken ? `${name} is taken` : `statement ${model.statements} failed`;
      return {
        status: "failed",
        error: new DbError("QUERY_FAILED", message, { kind: "other", sql: text, dialectCode: undefined }),
      };
    }
    if (text.startsWith("select count")) return { status: "done", result: { ...ROW, rows: [[rows.size]] } };
    if (/^(?:insert|update)/.test(text)) rows.set(name, (rows.get(name) ?? 0) + Number(value));
    if (text.startsWith("delete")) rows.delete(name);
    const isRead = /^select|returning/.test(text);
    const found = rows.get(name);
    return {
      status: "done",
      result:
        isRead && found !== undefined
          ? { ...ROW, rows: [[found]] }
          : { ...ROW, columns: isRead ? ["n"] : [], rows: [], rowsAffected: 1 },
    };
  }

  #die(outcome: "unknown" | "not-executed"): never {
    if (this.#saved[0]) this.#model.rows = this.#saved[0].rows;
    this.#saved = [];
    this.state = "closed";
    throw new DbError("CONNECTION_LOST", "the connection is gone", { adapter: "model" }, { outcome, retryable: true });
  }

  close(): void {
    if (this.#saved[0]) this.#model.rows = this.#saved[0].rows;
    this.#saved = [];
    this.state = "closed";
  }
}
