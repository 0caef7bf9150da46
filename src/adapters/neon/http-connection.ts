import type { BeginOptions, DriverConnection, Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { findCulprit } from "./culprit.ts";
import { transactionLost } from "../shared/failures.ts";
import { toDbError } from "../postgres/errors.ts";
import { gone, needsSession, unsupported } from "./errors.ts";
import { refusal } from "../shared/refusal.ts";
import { StatementFailure } from "./http-failure.ts";
import type { BatchOptions, Http } from "./http.ts";
import { DONE, failure, isSetup, settled, SKIPPED, stopOf } from "../postgres/outcomes.ts";
import { type RawRows, toResult } from "../postgres/results.ts";
import { scan } from "../postgres/scan.ts";
import { bind, type Bound, type Parsers } from "../postgres/values.ts";

// Neon's proxy counts the values of a statement in fifteen bits, and gives up on more: libs/proxy/postgres-protocol2.
const MAX_VALUES = 32_767;

/** Why a statement cannot go over HTTP, if so. */
export function refusalOf({ text, params }: Statement): Error | undefined {
  if (scan(text).leavesState) return needsSession(text);
  const count = Array.isArray(params) ? params.length : 0;
  return count > MAX_VALUES
    ? refusal(`expected at most ${MAX_VALUES} values over HTTP, got ${count}`, text)
    : undefined;
}

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
    while (outcomes.length < steps.length && stopOf(steps, outcomes) < 0)
      outcomes.push(...(await this.#take(steps.slice(outcomes.length), signal)));
    if (stopOf(steps, outcomes) >= 0) for (const step of undo) await this.#take([step], signal);
    return settled(steps, outcomes);
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
    return this.#runAll(inside, step.options, signal);
  }

  async #runOne({ statement }: QueryStep, signal: AbortSignal | undefined): Promise<StepOutcome> {
    const refused = refusalOf(statement);
    if (refused) return failure(refused);
    const ahead = this.#setup.length;
    const list = [...this.#setup, statement];
    const [bound] = list.slice(-1).map(bind) as [Bound];
    try {
      const [raw] =
        ahead > 0
          ? (await this.#http.batch(list.map(bind), {}, signal)).slice(-1)
          : [await this.#http.query(bound, signal)];
      return this.#toDone(raw!);
    } catch (error) {
      if (!(error instanceof StatementFailure)) throw error;
      const culprit = ahead > 0 ? await this.#find(error, list, {}, signal) : undefined;
      return failure(toDbError(error.failure, list[culprit ?? ahead] ?? statement, bound.values));
    }
  }

  /** BEGIN, a list of queries, COMMIT: one request. */
  async #runAll(
    steps: readonly QueryStep[],
    { isolationLevel, accessMode }: BeginOptions,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const refusals = steps.map(({ statement }) => refusalOf(statement));
    const refused = refusals.findIndex((error) => error !== undefined);
    if (refused >= 0) return toFailed(steps.length, refused, refusals[refused]!);
    const list = [...this.#setup, ...steps.map(({ statement }) => statement)];
    const options: BatchOptions = { isolationLevel, isReadOnly: accessMode === "read only" };
    try {
      const results = await this.#http.batch(list.map(bind), options, signal);
      return [DONE, ...results.slice(this.#setup.length).map((raw) => this.#toDone(raw)), DONE];
    } catch (error) {
      if (!(error instanceof StatementFailure)) throw error;
      return this.#toTorn(error, list, await this.#find(error, list, options, signal));
    }
  }

  // All of it was taken back.
  #toTorn(
    { failure: error }: StatementFailure,
    list: readonly Statement[],
    culprit: number | undefined,
  ): StepOutcome[] {
    const ahead = this.#setup.length;
    const statement = list[culprit ?? -1] ?? { text: culprit === undefined ? "" : "commit" };
    const told = toDbError(
      error,
      statement,
      list.flatMap((each) => bind(each).values),
    );
    if (culprit === undefined) {
      const { position: _, ...details } = told.details as DbError<"QUERY_FAILED">["details"];
      const message = `one of the statements failed, the server does not say which: ${told.message.slice(told.code.length + 2)}`;
      throw new DbError("QUERY_FAILED", message, details, told);
    }
    if (culprit < ahead) throw told;
    return toFailed(list.length - ahead, culprit - ahead, told);
  }

  #find(
    { failure: error }: StatementFailure,
    list: readonly Statement[],
    options: BatchOptions,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    return findCulprit(error, list.map(bind), (part) => this.#http.batch(part, options, signal));
  }

  #toDone(raw: RawRows): StepOutcome {
    return { status: "done", result: toResult(raw, this.#parsers) };
  }
}

function toFailed(length: number, index: number, error: Error): StepOutcome[] {
  // Behind the list stands its COMMIT.
  const behind = Array.from({ length: length + 1 }, (_, at) =>
    at === index ? failure(error) : at < index ? DONE : SKIPPED,
  );
  return [DONE, ...behind];
}
