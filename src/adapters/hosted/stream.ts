import type { RowStream, StreamOptions } from "../../contract/adapter.ts";
import type { RowBatch, Statement } from "../../contract/statement.ts";
import { reasonOf } from "../../signal.ts";
import { toOutcome } from "./results.ts";
import type { Reply, SeatStub, WireOutcome, WireStatement } from "./wire.ts";

const DONE: IteratorResult<RowBatch, void> = { done: true, value: undefined };

type AskSeat = (call: (seat: SeatStub) => Promise<Reply>, signal: AbortSignal | undefined) => Promise<WireOutcome[]>;

/** Rows that the pool host reads: one round trip a batch. */
export class HostedStream implements RowStream {
  readonly #id: number;
  readonly #statement: Statement;
  readonly #wire: WireStatement;
  readonly #options: StreamOptions;
  readonly #ask: AskSeat;
  #state: "new" | "open" | "over" = "new";

  constructor(id: number, statement: Statement, wire: WireStatement, options: StreamOptions, ask: AskSeat) {
    this.#id = id;
    this.#statement = statement;
    this.#wire = wire;
    this.#options = options;
    this.#ask = ask;
  }

  async next(): Promise<IteratorResult<RowBatch, void>> {
    const { signal, ...options } = this.#options;
    if (signal?.aborted) {
      await this.return();
      throw reasonOf(signal);
    }
    const id = this.#id;
    const isNew = this.#state === "new";
    if (this.#state === "over") return DONE;
    this.#state = "open";
    const open = (seat: SeatStub): Promise<Reply> => seat.open(id, this.#wire, { ...options });
    const [batch] = await this.#ask(isNew ? open : (seat) => seat.next(id), signal);
    if (!batch) {
      this.#state = "over";
      return DONE;
    }
    const outcome = toOutcome(batch, this.#statement);
    if (outcome.status === "done") return { done: false, value: outcome.result };
    throw (outcome as Extract<typeof outcome, { status: "failed" }>).error;
  }

  async return(): Promise<void> {
    const isOpen = this.#state === "open";
    this.#state = "over";
    if (isOpen) await this.#ask((seat) => seat.leave(this.#id), undefined);
  }
}
