import { RpcTarget } from "cloudflare:workers";
import type {
  Piece,
  Reply,
  WireFlight,
  WireStatement,
  WireStep,
  WireStreamOptions,
} from "../../adapters/hosted/wire.ts";
import { toWireError } from "../../adapters/hosted/wire-error.ts";
import type { Flight, RowStream, Step, StepOutcome } from "../../contract/adapter.ts";
import type { RawResult, RowBatch, Statement } from "../../contract/statement.ts";
import { disposable } from "../../dispose.ts";
import { DbError, isDbError } from "../../errors.ts";
import { Loan } from "./loan.ts";
import { Parcel } from "./parcel.ts";
import type { Room } from "./room.ts";

/** One session's place in the host. The platform disposes of it when the session's request is over, was cut off, or died. */
export class Seat extends RpcTarget {
  readonly #enter: () => Room;
  #room: Room | undefined;
  #loan: Loan | undefined;
  /** What is asked runs in turns. */
  #last: Promise<unknown> = Promise.resolve();
  #turns = 0;
  #running = new AbortController();
  #isLeft = false;
  /** Why the session cannot go on. */
  #lost: DbError | undefined;
  #timer: unknown;
  #pieces: Piece[] = [];
  readonly #streams: Map<number, RowStream> = new Map();

  constructor(enter: () => Room) {
    super();
    this.#enter = enter;
  }

  fly(flight: WireFlight): Promise<Reply> {
    return this.#turn((loan, signal) => loan.send(toFlight(flight), signal));
  }

  /** Opens a stream, and reads its first batch. */
  open(id: number, wire: WireStatement, options: WireStreamOptions): Promise<Reply> {
    return this.#turn((loan, signal) =>
      loan.open(async ({ driver }) => {
        const stream = driver.stream!(toStatement(wire), { ...options, signal });
        this.#streams.set(id, stream);
        loan.streams.add(stream);
        return this.#read(id, stream);
      }, signal),
    );
  }

  next(id: number): Promise<Reply> {
    return this.#turn(async () => {
      const stream = this.#streams.get(id);
      return stream ? this.#read(id, stream) : [];
    });
  }

  leave(id: number): Promise<Reply> {
    return this.#turn(async () => {
      const stream = this.#streams.get(id);
      this.#forget(id);
      await stream?.return();
      return [];
    });
  }

  /** The next of what did not fit into the reply. */
  rest(): Piece | undefined {
    return this.#pieces.shift();
  }

  /** The session gives up on what runs: it ends here. */
  cancel(): void {
    this.#running.abort(new Error("the session gave up"));
    this.#end();
  }

  #turn(work: (loan: Loan, signal: AbortSignal) => Promise<readonly StepOutcome[]>): Promise<Reply> {
    this.#turns++;
    const turn = this.#last.then(() => this.#run(work));
    this.#last = turn;
    return turn;
  }

  /** It does not reject: a failure is a part of the reply. */
  async #run(work: (loan: Loan, signal: AbortSignal) => Promise<readonly StepOutcome[]>): Promise<Reply> {
    let outcomes: readonly StepOutcome[] = [];
    let failure: unknown;
    try {
      const loan = this.#sit();
      if (this.#lost) throw this.#lost;
      outcomes = await work(loan, this.#running.signal);
    } catch (error) {
      failure = error ?? new Error("failed for no reason");
      if (isDbError(error, "CONNECTION_LOST")) this.#lost ??= gone("this connection was closed", error);
    }
    this.#turns--;
    const state = this.#lost ? "closed" : (this.#loan?.link?.driver.state ?? "idle");
    await this.#settle();
    const parcel = new Parcel(outcomes);
    this.#pieces = parcel.pieces;
    return {
      state,
      isHeld: this.#loan?.link !== undefined,
      outcomes: parcel.outcomes,
      pieces: parcel.pieces.length,
      ...(failure !== undefined && { failure: toWireError(failure) }),
    };
  }

  #sit(): Loan {
    if (!this.#room) {
      const room = (this.#room = this.#enter());
      if (!this.#isLeft) room.seats.add(this);
      this.#loan = new Loan(room.db, ++room.numbers);
    }
    this.#room.db.clock.clearTimeout(this.#timer);
    return this.#loan!;
  }

  async #read(id: number, stream: RowStream): Promise<StepOutcome[]> {
    try {
      const { done, value } = await stream.next();
      if (done) this.#forget(id);
      return done ? [] : [{ status: "done", result: toResult(value) }];
    } catch (error) {
      this.#forget(id);
      throw error;
    }
  }

  #forget(id: number): void {
    this.#loan!.streams.delete(this.#streams.get(id)!);
    this.#streams.delete(id);
  }

  /** Behind each turn: the connection goes back, or is kept for as long as the session may be silent. */
  async #settle(): Promise<void> {
    const loan = this.#loan;
    if (!loan) return;
    if (this.#lost) {
      this.#streams.clear();
      await loan.end();
    } else await loan.settle();
    if (!loan.link || this.#turns > 0) return;
    if (this.#isLeft) return loan.end();
    const { db, options } = this.#room!;
    this.#timer = db.clock.setTimeout(() => this.#expire(), options.leaseMs);
  }

  #expire(): void {
    const { options } = this.#room!;
    this.#room!.expired++;
    this.#lost = gone(
      `the session sent nothing for ${options.leaseMs} ms, and was rolled back: see \`leaseMs\` of the pool host`,
    );
    this.#last = this.#last.then(() => this.#settle());
  }

  #end(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    const room = this.#room;
    if (!room) return;
    room.seats.delete(this);
    const { clock } = room.db;
    clock.clearTimeout(this.#timer);
    if (this.#turns === 0 && !this.#loan?.link) return;
    room.abandoned++;
    const leave = (): void => this.#running.abort(new Error("the session's client is gone"));
    // In line for a connection: the next one is served.
    if (!this.#loan?.link) return leave();
    const timer = clock.setTimeout(leave, room.options.graceMs);
    this.#last = this.#last.then(() => {
      clock.clearTimeout(timer);
      return this.#loan?.end();
    });
  }

  static {
    disposable(this, function () {
      this.#end();
    });
  }
}

function gone(message: string, cause?: unknown): DbError {
  return new DbError("CONNECTION_LOST", message, { adapter: "hosted" }, { retryable: true, cause });
}

function toFlight({ steps, undo, settings }: WireFlight): Flight {
  return { steps: steps.map(toStep), ...(undo && { undo: undo.map(toStep) }), ...(settings && { settings }) };
}

function toStep(step: WireStep): Step {
  return step.kind === "query" ? { ...step, statement: toStatement(step.statement) } : step;
}

function toStatement({ text, params, asText }: WireStatement): Statement {
  if (!asText) return { text, params };
  return { text, params, parsers: Object.fromEntries(asText.map((oid) => [oid, (value: string) => value])) };
}

function toResult(batch: RowBatch): RawResult {
  return { ...batch, rowsAffected: 0 };
}
