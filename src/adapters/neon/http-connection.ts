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
import { toOutcome } from "../postgres/results.ts";
import { scan } from "../postgres/scan.ts";
import type { SessionConfig } from "../postgres/session-config.ts";
import { toLocal } from "../postgres/settings.ts";
import { bind, type Bound } from "../postgres/values.ts";
import type { ServerError } from "../postgres/wire.ts";
import type { Company } from "../shared/company.ts";
import { transactionLost } from "../shared/failures.ts";
import { refusal } from "../shared/refusal.ts";
import { meantBy } from "./blame.ts";
import { gone, unsupported } from "./errors.ts";
import { StatementFailure } from "./http-failure.ts";
import { type Http, joinTexts } from "./http.ts";
import { throwIfAborted } from "../../signal.ts";

/** What every request has. */
type HttpConfig = Pick<SessionConfig, "setup" | "parsers" | "inherited">;

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
  readonly #config: HttpConfig;
  readonly #company: Company;
  readonly #ahead: Statement[] = [];
  #isReused = false;
  #isClosed = false;

  constructor(http: Http, config: HttpConfig, company: Company) {
    this.#http = http;
    this.#config = config;
    this.#company = company;
    this.setup = config.setup;
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
    const outcomes = await this.#run(inside, step.options.settings, step.options, signal);
    return [DONE, ...outcomes, outcomes.some(({ status }) => status === "failed") ? SKIPPED : DONE];
  }

  // Each is a request of its own: several at once are sent in parallel. Those that only read share one.
  async #sideBySide(
    steps: readonly Step[],
    settings: Settings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const last = steps.findIndex((step) => !isLone(step) || step.onError === "stop");
    const lone = (last < 0 ? steps : steps.slice(0, last + 1)).filter(isLone);
    const reads = lone.filter(({ statement }) => this.#isShared(statement));
    const sharing = reads.length > 1 ? this.#readTogether(reads, settings, signal) : undefined;
    // What was lost is that one's own; where all were, so was the flight.
    const ended = await Promise.allSettled(
      lone.map(async (step) => {
        const place = sharing ? reads.indexOf(step) : -1;
        return place < 0 ? (await this.#runAlone(step, settings, signal))[0]! : (await sharing!)[place]!;
      }),
    );
    throwIfAborted(signal);
    if (ended.every(({ status }) => status === "rejected")) throw (ended[0] as PromiseRejectedResult).reason;
    return ended.map((each) => (each.status === "fulfilled" ? each.value : failure(each.reason as Error)));
  }

  #isShared(statement: Statement): boolean {
    return this.#company.readsAs(statement.text) === "shared" && !refusalOf(statement);
  }

  #runAlone(step: QueryStep, settings: Settings | undefined, signal: AbortSignal | undefined): Promise<StepOutcome[]> {
    const run = (): Promise<StepOutcome[]> => this.#run([step], settings, undefined, signal);
    return this.#company.readsAs(step.statement.text) ? this.#company.watch([step], run) : run();
  }

  /**
   * Reads in one request. The server proves that they only read, which a text cannot: the transaction is READ ONLY. If one of
   * them fails all do, and the server may not say which: each is asked again alone, in parallel.
   */
  #readTogether(
    reads: readonly QueryStep[],
    settings: Settings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    return this.#company.watch(reads, async () => {
      let outcomes: readonly StepOutcome[] = [];
      try {
        outcomes = await this.#run(reads, settings, { accessMode: "read only" }, signal);
        if (outcomes.every(({ status }) => status === "done")) return [...outcomes];
      } catch (error) {
        // Of one of them, or of all: too large, say. Anything else is the same for each.
        if (!isDbError(error, "QUERY_FAILED")) throw error;
      }
      const ended = await Promise.allSettled(reads.map((step) => this.#run([step], settings, undefined, signal)));
      const alone = ended.map((each) => (each.status === "fulfilled" ? each.value[0]! : failure(each.reason as Error)));
      // What the server did not let pass as a read: where it does not say which, it may be any of them.
      if (alone.every(({ status }) => status === "done")) {
        const blamed = outcomes.findIndex(({ status }) => status === "failed");
        for (const { statement } of blamed < 0 ? reads : [reads[blamed]!]) this.#company.part(statement.text);
      }
      return alone;
    });
  }

  /** Sends queries in one request: with `begin` as a transaction, else one alone. */
  async #run(
    steps: readonly QueryStep[],
    settings: Settings | undefined,
    begin: BeginOptions | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const statements = steps.map(({ statement }) => statement);
    const refused = statements.map(refusalOf);
    const at = refused.findIndex(Boolean);
    if (at >= 0) return toFailed(steps, at, refused[at]!);
    const { inherited, parsers } = this.#config;
    const ahead = this.#ahead.map(bind);
    const local = toLocal(inherited, settings);
    if (local) ahead.push(local);
    const { question } = statements.some(({ text }) => scan(text).place === "apart") ? {} : parsers;
    if (question) ahead.push(question);
    const list = [...ahead, ...statements.map(bind)];
    try {
      const results = await this.#http.ask(list, begin ?? (ahead.length > 0 ? {} : undefined), signal);
      if (question) parsers.learn(results[ahead.length - 1]!);
      return statements.map((statement, index) => toOutcome(results[ahead.length + index]!, parsers, statement));
    } catch (error) {
      if (error instanceof StatementFailure) return toFailures(error.failure, list, steps, begin !== undefined);
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
function toFailures(
  error: ServerError,
  list: readonly Bound[],
  steps: readonly QueryStep[],
  isBatch: boolean,
): StepOutcome[] {
  const ahead = list.length - steps.length;
  const meant = meantBy(error, list, isBatch);
  const values = list.flatMap((bound) => bound.values);
  const reported = toDbError(
    error,
    list[meant ?? -1] ?? { text: joinTexts(isBatch ? list : list.slice(ahead)) },
    values,
  );
  if (meant !== undefined && (meant >= ahead || !isBatch)) return toFailed(steps, Math.max(meant - ahead, 0), reported);
  if (meant !== undefined) throw reported;
  if (!isBatch) return toFailed(steps, 0, prefixed(reported, "this statement failed, or one sent ahead of it"));
  const which =
    list.length > 1 ? `one of these ${list.length} statements failed` : "the statement or its COMMIT failed";
  throw prefixed(reported, `${which}, and over HTTP the server does not say which`);
}

function prefixed(reported: DbError, start: string): DbError {
  const { position: _, ...details } = reported.details as DbError<"QUERY_FAILED">["details"];
  return new DbError(
    "QUERY_FAILED",
    `${start}: ${reported.message.slice(reported.code.length + 2)}`,
    details,
    reported,
  );
}

function toFailed(steps: readonly QueryStep[], failed: number, error: Error): StepOutcome[] {
  return steps.map((_, at) => (at === failed ? failure(error) : at < failed ? DONE : SKIPPED));
}
