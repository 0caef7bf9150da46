import type { DriverConnection, Flight, RowStream, StepOutcome, StreamOptions } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { throwIfAborted } from "../../signal.ts";
import { orAbort } from "../shared/waits.ts";
import { closed, lossOf } from "./errors.ts";
import { join, toOutcome } from "./results.ts";
import { HostedStream } from "./stream.ts";
import { isKept, type SeatStub, toWireFlight, toWireStatement, type Reply, type WireOutcome } from "./wire.ts";
import { fromWireError } from "./wire-error.ts";

/** Asks a seat. `isKept`: something of it stays, though no answer comes. */
export type Ask = (
  call: (seat: SeatStub) => Promise<Reply>,
  isKept: boolean,
  signal: AbortSignal | undefined,
) => Promise<WireOutcome[]>;

export interface HostStub {
  seat(): SeatStub;
}

/**
 * A session's connection, as the Worker has it: a seat in the pool host, which has a real one for as long as something of the
 * session is on it. To take a seat and to leave it are no round trips.
 */
export class HostedConnection implements DriverConnection {
  readonly setup: readonly Statement[] = [];
  readonly #find: () => HostStub;
  #seat: SeatStub | undefined;
  #state: DriverConnection["state"] = "idle";
  #isHeld = false;
  #asking = 0;
  #streams = 0;
  #cancelling: Promise<unknown> | undefined;

  /** @param find - the object's stub: a new one for each seat, as one whose object was reset fails forever. */
  constructor(find: () => HostStub) {
    this.#find = find;
  }

  /** A stub of the object. */
  get raw(): unknown {
    return this.#find();
  }

  get state(): DriverConnection["state"] {
    return this.#state;
  }

  get isReusable(): boolean {
    return this.#state === "idle" && !this.#isHeld;
  }

  get hasSessionState(): boolean {
    return this.#isHeld;
  }

  /** The next session has a seat of its own. */
  renew(): void {
    void this.#leave();
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    throwIfAborted(signal);
    const wire = toWireFlight(flight);
    const outcomes = await this.#ask((seat) => seat.fly(wire), isKept(wire), signal);
    return outcomes.map((outcome, index) => {
      const step = flight.steps[index]!;
      return toOutcome(outcome, step.kind === "query" ? step.statement : undefined);
    });
  }

  stream(statement: Statement, options: StreamOptions): RowStream {
    const wire = toWireStatement(statement);
    return new HostedStream(++this.#streams, statement, wire, options, (call, signal) =>
      this.#ask(call, this.#state !== "transaction", signal),
    );
  }

  /** No round trip: the platform tells the object that the seat is left. */
  close(): void | Promise<void> {
    this.#state = "closed";
    return this.#leave();
  }

  readonly #ask: Ask = async (call, isKept, signal) => {
    if (this.#state === "closed") throw closed();
    // Not awaited: what is called on it travels along.
    const seat = (this.#seat ??= this.#find().seat());
    let reply: Reply | undefined;
    this.#asking++;
    try {
      reply = await orAbort(call(seat), signal);
      for (let left = reply.pieces; left > 0; left--) join(reply.outcomes, await orAbort(seat.rest(), signal));
    } catch (error) {
      throw this.#lose(error, seat, isKept, reply, signal);
    } finally {
      this.#asking--;
    }
    // It may have been closed in the meantime.
    if (this.state !== "closed") this.#state = reply.state;
    this.#isHeld = reply.isHeld;
    if (reply.failure) throw fromWireError(reply.failure);
    return reply.outcomes;
  };

  #lose(
    error: unknown,
    seat: SeatStub,
    isKept: boolean,
    reply: Reply | undefined,
    signal: AbortSignal | undefined,
  ): unknown {
    const { loss, isUnsent } = lossOf(error, isKept, reply !== undefined);
    if (isUnsent && !signal?.aborted) return loss;
    this.#state = "closed";
    if (!signal?.aborted) return loss;
    this.#cancel(seat);
    return error;
  }

  #cancel(seat: SeatStub): void {
    this.#cancelling ??= seat.cancel().catch(() => undefined);
  }

  // A stub that is disposed of in the same turn takes the calls along that were made on it: they are waited for.
  #leave(): void | Promise<void> {
    const seat = this.#seat;
    if (!seat) return;
    if (this.#asking > 0) this.#cancel(seat);
    const cancelling = this.#cancelling;
    this.#seat = this.#cancelling = undefined;
    const dispose = (): void => (seat as Partial<Disposable>)[Symbol.dispose]?.();
    return cancelling ? cancelling.then(dispose) : dispose();
  }
}
