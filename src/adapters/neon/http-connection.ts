import type {
  BeginOptions,
  DriverConnection,
  Flight,
  QueryStep,
  Settings,
  Step,
  StepOutcome,
} from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError, isDbError } from "../../errors.ts";
import { needsSession, toDbError } from "../postgres/errors.ts";
import { DONE, failure, isSetup, settled, SKIPPED, stopOf } from "../postgres/outcomes.ts";
import type { Parsers } from "../postgres/parsers.ts";
import { type RawRows, toOutcome } from "../postgres/results.ts";
import { scan } from "../postgres/scan.ts";
import { checkSettings, toLocal } from "../postgres/settings.ts";
import { bind, type Bound } from "../postgres/values.ts";
import { transactionLost } from "../shared/failures.ts";
import { refusal } from "../shared/refusal.ts";
import { meantBy } from "./blame.ts";
import { gone, unsupported } from "./errors.ts";
import { StatementFailure } from "./http-failure.ts";
import type { BatchOptions, Http } from "./http.ts";
import { throwIfAborted } from "../../signal.ts";

/** What every request has. */
export interface HttpShape {
  readonly setup: readonly Statement[];
  readonly parsers: Parsers;
  /** Of the URL, where they are local to each request. */
  readonly inherited: Settings;
}

/** What leaves in one request: what rides ahead, then what was asked for. */
interface Request {
  readonly list: readonly Bound[];
  readonly ahead: number;
  /** Place of the question for types; -1 for none. */
  readonly question: number;
}

// Neon's proxy counts the values of a statement in fifteen bits, and gives up on more: libs/proxy/postgres-protocol2.
const MAX_VALUES = 32_767;

/** Why a statement cannot go over HTTP, if so. */
export function refusalOf({ text, params }: Statement): Error | undefined {
  const remedy = 'use `setup`, `settings`, SET LOCAL in a batch, or `transport: "auto"`';
  if (scan(text).leavesState) return needsSession(`over HTTP no session outlives its request: ${remedy}`, text);
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
  readonly #shape: HttpShape;
  readonly #ahead: Statement[] = [];
  #isReused = false;
  #isClosed = false;

  constructor(http: Http, shape: HttpShape) {
    this.#http = http;
    this.#shape = shape;
    this.setup = shape.setup;
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
  get carried(): readonly Statement[] {
    return this.#ahead;
  }

  /** Neon resets its sessions between two requests. */
  renew(): void {
    this.#isReused = true;
  }

  close(): void {
    this.#isClosed = true;
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    throwIfAborted(signal);
    checkSettings(flight);
    if (this.#isClosed) throw gone("this connection was closed");
    const { steps, undo = [], settings } = flight;
    const outcomes: StepOutcome[] = [];
    while (outcomes.length < steps.length && stopOf(steps, outcomes) < 0)
      outcomes.push(...(await this.#take(steps.slice(outcomes.length), settings, signal)));
    if (stopOf(steps, outcomes) >= 0) for (const step of undo) await this.#take([step], settings, signal);
    return settled(steps, outcomes);
  }

  /** Takes the first of the steps, and those behind it that leave with it. */
  async #take(
    steps: readonly Step[],
    settings: Settings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const [step] = steps as [Step, ...Step[]];
    if (step.kind === "query" && isSetup(step)) {
      this.#ahead.push(step.statement);
      return [DONE];
    }
    if (step.kind === "query") return step.guarded ? [SKIPPED] : this.#sideBySide(steps, settings, signal);
    if (step.kind === "rollback") return [DONE];
    if (step.kind !== "begin") return [failure(transactionLost(step.kind))];
    const end = steps.findIndex(({ kind }) => kind === "commit");
    const inside = steps.slice(1, Math.max(end, 1));
    if (end < 0 || !inside.every((each) => each.kind === "query"))
      return [failure(unsupported("interactive transactions over HTTP: use batch([…])"))];
    return this.#runAll(inside, step.options, signal);
  }

  // Each is a request of its own: several at once are sent in parallel.
  async #sideBySide(
    steps: readonly Step[],
    settings: Settings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const last = steps.findIndex((step) => !isLone(step) || step.onError === "stop");
    const lone = (last < 0 ? steps : steps.slice(0, last + 1)).filter(isLone);
    if (lone.length === 1) return [await this.#runOne(lone[0]!, settings, signal)];
    const running = lone.map((step) => this.#runOne(step, settings, signal));
    // What was lost is that one's own; where all were, so was the flight.
    const ended = await Promise.allSettled(running);
    throwIfAborted(signal);
    const [first] = ended as [PromiseSettledResult<StepOutcome>];
    if (first.status === "rejected" && ended.every(({ status }) => status === "rejected")) throw first.reason;
    return ended.map((each) => (each.status === "fulfilled" ? each.value : failure(each.reason as Error)));
  }

  async #runOne(
    { statement }: QueryStep,
    settings: Settings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome> {
    const refused = refusalOf(statement);
    if (refused) return failure(refused);
    const request = this.#toRequest([statement], settings);
    const { list, ahead } = request;
    try {
      const [raw] = await this.#send(request, undefined, signal);
      return toOutcome(raw!, this.#shape.parsers, statement.text);
    } catch (error) {
      if (!(error instanceof StatementFailure)) throw error;
      const meant = meantBy(error.failure, list, false);
      const values = list.flatMap((each) => each.values);
      const told = toDbError(error.failure, list[meant ?? ahead]!, values);
      return failure(meant === undefined ? retold(told, "this statement failed, or one sent ahead of it") : told);
    }
  }

  /** BEGIN, a list of queries, COMMIT: one request. */
  async #runAll(
    steps: readonly QueryStep[],
    { isolationLevel, accessMode, settings }: BeginOptions,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const refusals = steps.map(({ statement }) => refusalOf(statement));
    const refused = refusals.findIndex((error) => error !== undefined);
    if (refused >= 0) return toFailed(steps.length, refused, refusals[refused]!);
    const statements = steps.map(({ statement }) => statement);
    const request = this.#toRequest(statements, settings);
    try {
      const results = await this.#send(request, { isolationLevel, isReadOnly: accessMode === "read only" }, signal);
      const outcomes = results.map((raw, at) => toOutcome(raw, this.#shape.parsers, statements[at]!.text));
      return [DONE, ...outcomes, DONE];
    } catch (error) {
      if (!(error instanceof StatementFailure)) throw error;
      return toTorn(error.failure, request);
    }
  }

  #toRequest(statements: readonly Statement[], settings: Settings | undefined): Request {
    const { inherited, parsers } = this.#shape;
    const ahead = this.#ahead.map(bind);
    const local = toLocal(inherited, settings);
    if (local) ahead.push(local);
    const { question } = statements.some(({ text }) => scan(text).place === "apart") ? {} : parsers;
    if (question) ahead.push(question);
    return {
      list: [...ahead, ...statements.map(bind)],
      ahead: ahead.length,
      question: question ? ahead.length - 1 : -1,
    };
  }

  /** @param batch - how a list begins; `undefined` for a statement alone. */
  async #send(
    { list, ahead, question }: Request,
    batch: BatchOptions | undefined,
    signal: AbortSignal | undefined,
  ): Promise<readonly RawRows[]> {
    try {
      const results =
        batch || ahead > 0
          ? await this.#http.batch(list, batch ?? {}, signal)
          : [await this.#http.query(list[0]!, signal)];
      if (question >= 0) this.#shape.parsers.learn(results[question]!);
      return results.slice(ahead);
    } catch (error) {
      if (!isDbError(error, "AUTH_FAILED")) throw error;
      // The next connection asks for the URL again: it may have another password by now.
      this.close();
      throw this.#isReused ? gone("the login is now refused", error) : error;
    }
  }
}

function isLone(step: Step): step is QueryStep {
  return step.kind === "query" && !isSetup(step) && !step.guarded;
}

// All of it was taken back.
function toTorn(error: StatementFailure["failure"], { list, ahead }: Request): StepOutcome[] {
  const meant = meantBy(error, list, true);
  const values = list.flatMap((each) => each.values);
  const told = toDbError(error, list[meant ?? -1] ?? { text: list.map(({ text }) => text).join("; ") }, values);
  if (meant !== undefined && meant >= ahead) return toFailed(list.length - ahead, meant - ahead, told);
  if (meant !== undefined) throw told;
  const which =
    list.length > 1 ? `one of these ${list.length} statements failed` : "the statement or its COMMIT failed";
  throw retold(told, `${which}, and over HTTP the server does not say which`);
}

function retold(told: DbError, start: string): DbError {
  const { position: _, ...details } = told.details as DbError<"QUERY_FAILED">["details"];
  return new DbError("QUERY_FAILED", `${start}: ${told.message.slice(told.code.length + 2)}`, details, told);
}

function toFailed(length: number, index: number, error: Error): StepOutcome[] {
  // Behind the list stands its COMMIT.
  const behind = Array.from({ length: length + 1 }, (_, at) =>
    at === index ? failure(error) : at < index ? DONE : SKIPPED,
  );
  return [DONE, ...behind];
}
