import type { BeginOptions, DriverConnection, Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { findCulprit } from "./culprit.ts";
import { gone, needsSession, toDbError, transactionLost, unsupported } from "./errors.ts";
import { StatementFailure } from "./http-failure.ts";
import type { BatchOptions, Http } from "./http.ts";
import { DONE, failure, isSetup, SKIPPED, stops } from "./outcomes.ts";
import { toResult } from "./results.ts";
import { scan } from "./scan.ts";
import { bind, type Parsers } from "./values.ts";

/**
 * A name for what is asked over HTTP: plain data, with nothing open. What sets a session up is kept, and rides ahead of every
 * request, for each has a session of its own.
 */
export class HttpConnection implements DriverConnection {
  readonly setup: readonly Statement[];
  readonly #http: Http;
  readonly #parsers: Parsers;
  readonly #setup: Statement[] = [];
  #isClosed = false;

  constructor(http: Http, setup: readonly Statement[], parsers: Parsers) {
    this.#http = http;
    this.setup = setup;
    this.#parsers = parsers;
  }

  get raw(): unknown {
    return this.#http.raw;
  }

  get state(): "idle" | "closed" {
    return this.#isClosed ? "closed" : "idle";
  }

  get isReusable(): boolean {
    return !this.#isClosed;
  }

  /** What has set it up so far. */
  get settings(): readonly Statement[] {
    return this.#setup;
  }

  close(): void {
    this.#isClosed = true;
  }

  async send({ steps, undo = [] }: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw gone("this connection was closed");
    const outcomes: StepOutcome[] = [];
    let isStopped = false;
    while (outcomes.length < steps.length) {
      const rest = steps.slice(outcomes.length);
      const taken: StepOutcome[] = isStopped ? rest.map(() => SKIPPED) : await this.#take(rest, signal);
      isStopped ||= taken.some(({ status }, index) => status === "failed" && stops(rest[index]!));
      outcomes.push(...taken);
    }
    if (isStopped) for (const step of undo) await this.#take([step], signal);
    return outcomes;
  }

  /** Takes the first of the steps, and those behind it that are one transaction with it. */
  async #take(steps: readonly Step[], signal: AbortSignal | undefined): Promise<StepOutcome[]> {
    const [step] = steps as [Step, ...Step[]];
    if (step.kind === "query" && isSetup(step)) {
      this.#setup.push(step.statement);
      return [DONE];
    }
    if (step.kind === "query") return [step.guarded ? SKIPPED : await this.#runOne(step, signal)];
    if (step.kind === "rollback") return [DONE];
    if (step.kind !== "begin") return [failure(transactionLost(step.kind))];
    const end = steps.findIndex(({ kind }) => kind === "commit");
    const inside = steps.slice(1, Math.max(end, 1));
    if (end < 0 || !inside.every((each) => each.kind === "query"))
      return [failure(unsupported("interactive transactions over HTTP: use batch([…])"))];
    return this.#runAll(inside as readonly QueryStep[], step.options, signal);
  }

  async #runOne({ statement }: QueryStep, signal: AbortSignal | undefined): Promise<StepOutcome> {
    if (scan(statement.text).leavesState) return failure(needsSession(statement.text));
    const bound = bind(statement);
    const list = [...this.#setup.map(bind), bound];
    try {
      const raw = list.length > 1 ? (await this.#http.batch(list, {}, signal)).at(-1)! : await this.#http.query(bound, signal);
      return { status: "done", result: toResult(raw, this.#parsers) };
    } catch (error) {
      if (!(error instanceof StatementFailure)) throw error;
      const culprit = findCulprit(error.failure, list) ?? list.length - 1;
      return failure(toDbError(error.failure, culprit < this.#setup.length ? this.#setup[culprit]! : statement, bound.values));
    }
  }

  /** BEGIN, a list of queries, COMMIT: one request. */
  async #runAll(
    steps: readonly QueryStep[],
    { isolationLevel, accessMode }: BeginOptions,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const refused = steps.findIndex(({ statement }) => scan(statement.text).leavesState);
    if (refused >= 0) return toFailed(steps.length, refused, needsSession(steps[refused]!.statement.text));
    const ahead = this.#setup.length;
    const list = [...this.#setup, ...steps.map(({ statement }) => statement)].map(bind);
    const options: BatchOptions = { isolationLevel, isReadOnly: accessMode === "read only" };
    try {
      const results = await this.#http.batch(list, options, signal);
      const outcomes = results.slice(ahead).map((raw): StepOutcome => ({ status: "done", result: toResult(raw, this.#parsers) }));
      return [DONE, ...outcomes, DONE];
    } catch (error) {
      if (!(error instanceof StatementFailure)) throw error;
      return this.#toTorn(error, list, steps);
    }
  }

  // All of it was taken back. The server does not say which statement it was: told only where nothing else can be meant.
  #toTorn({ failure: error }: StatementFailure, list: Parameters<typeof findCulprit>[1], steps: readonly QueryStep[]): StepOutcome[] {
    const ahead = this.#setup.length;
    const culprit = findCulprit(error, list);
    const values = list.flatMap((bound) => bound.values);
    if (culprit !== undefined && culprit >= ahead) {
      const { statement } = steps[culprit - ahead]!;
      return toFailed(steps.length, culprit - ahead, toDbError(error, statement, values));
    }
    const { details, message, cause, retryable } = toDbError(error, culprit === undefined ? { text: "" } : this.#setup[culprit]!, values);
    const { position: _, ...rest } = details as DbError<"QUERY_FAILED">["details"];
    const told = message.replace(/^QUERY_FAILED: /, "");
    const which = culprit === undefined ? "one of the statements failed, and over HTTP the server does not say which" : "the setup failed";
    throw new DbError("QUERY_FAILED", `${which}: ${told}`, rest, { cause, retryable });
  }
}

function toFailed(length: number, index: number, error: Error): StepOutcome[] {
  const inside = Array.from({ length }, (_, at) => (at === index ? failure(error) : at < index ? DONE : SKIPPED));
  return [DONE, ...inside, SKIPPED];
}
