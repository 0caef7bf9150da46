import type { DriverConnection, Flight, Step, StepOutcome, StreamOptions } from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { type DbError, isDbError } from "../../errors.ts";
import { scan } from "../sqlite/scan.ts";
import { transactionLost } from "../shared/failures.ts";
import { isUnsent } from "../shared/platform.ts";
import { type Company, isTooLarge } from "../shared/company.ts";
import type { Freshness, Reading } from "./freshness.ts";
import { gone, isRefused, readOnly, toDbError } from "./errors.ts";
import { Patience } from "./patience.ts";
import { type Ground, NOT_AUTOCOMMIT, parseOnly, Plan } from "./plan.ts";
import { isBusy, type Remote } from "./remote.ts";
import { type Entries, LibsqlStream } from "./stream.ts";
import { areLoneReads, mayOnlyRead, onlyReads } from "./texts.ts";
import { hasError, isBusyOutcome } from "./told.ts";
import { toWire } from "./values.ts";
import type { WireRequest, WireResponse } from "./wire.ts";
import { throwIfAborted } from "../../signal.ts";

/** A flight, who may cancel it, and for how long it is tried. */
interface Trip {
  readonly flight: Flight;
  readonly signal: AbortSignal | undefined;
  readonly patience: Patience;
}

/** One stream at a libSQL server. Nothing of it is bound to the request that opened it. */
export class LibsqlConnection implements DriverConnection {
  readonly raw: Remote;
  readonly setup: readonly Statement[] = [];
  readonly #freshness: Freshness;
  readonly #company: Company;
  readonly #streams: Set<LibsqlStream> = new Set();
  #ground: Ground = { state: "idle", isReadOnly: false };
  #isClosed = false;
  endedHere = false;
  #closing: Promise<void> | undefined;
  /** Setup has set something of the session: it is gone with the stream at the server. */
  #hasState = false;
  hasSessionState = false;

  constructor(remote: Remote, freshness: Freshness, company: Company) {
    this.raw = remote;
    this.#freshness = freshness;
    this.#company = company;
  }

  get state(): DriverConnection["state"] {
    return this.#isClosed ? "closed" : this.#ground.state;
  }

  get isReusable(): boolean {
    if (this.hasSessionState || this.#streams.size > 0) return false;
    return this.state === "idle" && (!this.#hasState || this.raw.isOpen);
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    throwIfAborted(signal);
    // Each time: it may have been closed since the last one.
    const fly = async (steps: readonly Step[]): Promise<StepOutcome[]> => {
      await this.#ready(signal);
      return this.#fly({ flight: { ...flight, steps }, signal, patience: new Patience() });
    };
    const { steps } = flight;
    if (this.#ground.state !== "idle" || !areLoneReads(steps)) return fly(steps);
    return this.#company.watch(steps, (reads) =>
      reads.length > 1 ? fly(reads).catch((error: unknown) => this.#apart(reads, error)) : fly(reads),
    );
  }

  /** What is too large to be sent together is so for each of them, until it is tried alone. */
  #apart(reads: readonly Step[], error: unknown): StepOutcome[] {
    // One that was closed meanwhile asks for nothing more.
    if (!isTooLarge(error) || this.#closing || this.#hasState || this.hasSessionState) throw error;
    this.#isClosed = false;
    this.raw.forget();
    return reads.map(() => ({ status: "failed", error: error as Error }));
  }

  stream(statement: Statement, options: StreamOptions): LibsqlStream {
    const stream = new LibsqlStream(
      {
        open: (...args) => this.#openCursor(options.fresh, ...args),
        onEnd: (ended, isCut) => this.#leaveCursor(ended, isCut),
        lose: (error) => this.#lose(error),
        isNeeded: () => this.#isNeeded,
      },
      statement,
      options,
    );
    this.#streams.add(stream);
    return stream;
  }

  /** Asked again, in another request, where the platform has sent nothing for this one. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#isClosed = this.endedHere = true;
    // Not waited for: the request that reads may have been cut off.
    for (const stream of this.#streams) void stream.end(gone("this connection was closed")).catch(() => undefined);
    try {
      await this.raw.close(this.#ground.state !== "idle");
    } catch (error) {
      this.#closing = undefined;
      throw error;
    }
  }

  /** Whether the stream at the server can be replaced by any other. */
  get #isNeeded(): boolean {
    return !this.#isClosed && (this.#ground.state !== "idle" || this.#hasState || this.hasSessionState);
  }

  /** Nothing else uses the stream, and the server still has it. */
  async #ready(signal: AbortSignal | undefined): Promise<void> {
    try {
      for (const stream of this.#streams) await stream.drain(signal);
    } catch (error) {
      throw this.#lose(error);
    }
    if (this.#isClosed) throw gone("this connection was closed");
    if (!this.raw.isStale || this.#ground.state !== "idle") return;
    // Not worth a request: what the server has forgotten costs one, and a new stream costs none.
    this.raw.forget();
    if (!this.#isNeeded) return;
    this.endedHere = true;
    throw this.#lose(gone("this connection was idle for longer than its server keeps it"));
  }

  async #fly(trip: Trip, refused: ReadonlyMap<Step, DbError> = new Map()): Promise<StepOutcome[]> {
    const { flight, signal, patience } = trip;
    const plan = new Plan(flight, this.#ground, this.raw.version, refused);
    const { requests } = plan;
    const responses = requests.length === 0 ? [] : await this.#exchange(requests, trip);
    if (!responses) return this.#fly(trip, refused);
    const culprit = await this.#findCulprit(plan, responses, trip);
    if (culprit) return this.#fly(trip, new Map([...refused, culprit]));
    const outcomes = plan.outcomes(responses);
    if (requests.length > 0) await this.#land(plan, responses);
    flight.steps.forEach((step, index) => this.#note(step, outcomes[index]!));
    const begin = flight.steps.findIndex(({ kind }) => kind === "begin");
    if (!isBusyOutcome(outcomes[begin]) || !(await patience.wait(signal))) return outcomes;
    const rest = { ...flight, steps: flight.steps.slice(begin) };
    return [...outcomes.slice(0, begin), ...(await this.#fly({ ...trip, flight: rest }, refused))];
  }

  async #exchange(
    requests: readonly WireRequest[],
    { flight, signal, patience }: Trip,
  ): Promise<readonly WireResponse[] | undefined> {
    for (;;) {
      try {
        return await this.raw.pipeline(requests, signal, this.#reading(flight));
      } catch (error) {
        const isUnknown = isDbError(error, "CONNECTION_LOST") && error.outcome === "unknown";
        // It may have been executed; but to execute it again is safe.
        if (isUnknown && this.#ground.state === "idle" && onlyReads(flight))
          throw this.#lose(gone(error.message.slice(error.code.length + 2), error.cause), true);
        if (!isBusy(error)) throw this.#lose(error);
        if (!(await patience.wait(signal))) throw error;
      }
    }
  }

  // One that writes is answered by the primary, and a transaction sees what it saw at first.
  #reading(flight: Flight): Reading | undefined {
    return this.#ground.state === "idle" && flight.fresh !== false ? this.#freshness.reading(flight) : undefined;
  }

  /** The statement for which a batch of several was refused before any of them ran: the server does not say which. */
  async #findCulprit(
    plan: Plan,
    responses: readonly WireResponse[],
    trip: Trip,
  ): Promise<readonly [Step, DbError] | undefined> {
    const group = responses.findIndex(({ error }, index) => error && plan.queriesOf(index).length > 0);
    if (group < 0) return undefined;
    const error = responses[group]!.error!;
    const queries = plan.queriesOf(group);
    if (!isRefused(error)) {
      // Part of it ran. A transaction that is still open is taken back with the stream, and everything with it.
      const isOpen = responses.at(-1)?.response?.is_autocommit === false;
      throw this.#lose(toDbError(error, { text: queries[0]!.statement.text }, isOpen ? "not-executed" : "unknown"));
    }
    // A pragma acts while it is prepared, and a server may do so here.
    if (queries.length > 1 && queries.some(({ statement }) => scan(statement.text).leavesState))
      this.hasSessionState = true;
    const asked = queries.map(({ statement }) => parseOnly(statement));
    const answers = queries.length > 1 ? await this.#exchange(asked, trip) : [];
    const found = answers?.findIndex((response) => response.error && isRefused(response.error)) ?? -1;
    const step = queries[Math.max(found, 0)]!;
    return [step, toDbError(error, step.statement)];
  }

  /** Takes note of the state in which a flight has left the stream. */
  async #land(plan: Plan, responses: readonly WireResponse[]): Promise<void> {
    const before = this.#ground;
    const isAutocommit = responses.at(-1)?.response?.is_autocommit;
    const told =
      isAutocommit === undefined ? plan.stateAfter(responses, before) : isAutocommit ? "idle" : "transaction";
    // A stream that the server has closed took its transaction along.
    const state = this.raw.isOpen ? told : "idle";
    const keys = plan.keysAfter(responses, state);
    // Nobody may have a stream on which they are off.
    if (keys === "lost" && this.raw.isOpen) this.#isClosed = this.endedHere = true;
    this.#ground = { state, isReadOnly: state !== "idle" && plan.isReadOnly, keys: keys === "lost" ? undefined : keys };
    if (isAutocommit === undefined && responses.some(hasError)) this.hasSessionState = true;
    if (this.#hasState && !this.raw.isOpen) this.#isClosed = true;
    if (before.state === "idle" || state !== "idle" || plan.hasCommitted(responses)) return;
    for (const stream of this.#streams) await stream.end(transactionLost("rollback"));
  }

  #note(step: Step, { status }: StepOutcome): void {
    // A pragma acts while it is prepared, also where that fails behind it.
    if (step.kind !== "query" || status === "skipped" || !scan(step.statement.text).leavesState) return;
    if (step.isSetup) this.#hasState = true;
    else this.hasSessionState = true;
  }

  async #openCursor(fresh: Flight["fresh"], statement: Statement, signal: AbortSignal): Promise<Entries | RawResult> {
    await this.#ready(signal);
    const { state, isReadOnly } = this.#ground;
    const { text } = statement;
    if (isReadOnly && !mayOnlyRead(text)) throw readOnly(text);
    if (scan(text).leavesState) this.hasSessionState = true;
    const stmt = toWire(statement);
    const condition = state === "idle" ? undefined : NOT_AUTOCOMMIT;
    const steps = [{ kind: "query", statement, onError: "stop", guarded: state !== "idle" }] as const;
    const flight: Flight = { steps, fresh };
    for (const patience = new Patience(); ;) {
      try {
        const entries = await this.raw.cursor([{ stmt, condition }], signal, this.#reading(flight));
        if (entries) return entries;
        break;
      } catch (error) {
        if (!isBusy(error)) throw signal.aborted ? this.#lose(error) : await this.#explain(statement, error);
        if (!(await patience.wait(signal))) throw error;
      }
    }
    const [outcome] = await this.#fly({ flight, signal: undefined, patience: new Patience() });
    if (outcome?.status === "done") return outcome.result;
    throw outcome?.status === "failed" ? outcome.error : transactionLost(text);
  }

  /** Servers answer a cursor that cannot be parsed as if they had failed themselves: what it was is asked on a new stream. */
  async #explain(statement: Statement, error: unknown): Promise<unknown> {
    if (!isDbError(error, "CONNECTION_LOST") || error.outcome === "not-executed") return this.#lose(error);
    if (this.#isNeeded) this.#isClosed = true;
    this.raw.forget();
    const answers = await this.raw.pipeline([parseOnly(statement)]).catch(() => undefined);
    const refusal = answers?.[0]?.error;
    return refusal && isRefused(refusal) ? toDbError(refusal, statement) : this.#lose(error);
  }

  async #leaveCursor(stream: LibsqlStream, isCut: boolean): Promise<void> {
    this.#streams.delete(stream);
    if (!isCut || this.#isClosed) return;
    // Nobody knows when the server sees that its reader has left: the next flight takes a new stream.
    if (this.#isNeeded) this.#isClosed = this.endedHere = true;
    else await this.raw.close().catch(() => undefined);
  }

  /** The stream is no longer usable, unless nothing has left for it. */
  #lose(error: unknown, mayBeThere = false): unknown {
    if (isUnsent(error)) return error;
    this.#isClosed = true;
    // What was refused was forgotten by the server as well. Where the outcome is unknown, the stream may be there: close() tries.
    if (!mayBeThere && isDbError(error, "CONNECTION_LOST") && error.outcome === "not-executed") this.raw.forget();
    return error;
  }
}
