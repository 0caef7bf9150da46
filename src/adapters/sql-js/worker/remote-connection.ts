import type { DriverConnection, Flight, RowStream, StepOutcome, StreamOptions } from "../../../contract/adapter.ts";
import type { RowBatch, SqlValue, Statement } from "../../../contract/statement.ts";
import { reasonOf, throwIfAborted } from "../../../signal.ts";
import { tagOf } from "../../shared/refusal.ts";
import { type Answered, type Client, lost, stateIn } from "./client.ts";
import { type Ask, type ConnectionState, type PlainOutcome, toOutcome } from "./messages.ts";

/** What a page can do with a database in a worker, besides sessions. */
export interface RemoteDatabase {
  /** The image, as of the last commit. */
  export(): Promise<Uint8Array>;
  /** Ends the worker at once. What was not kept is gone. */
  terminate(): void;
}

/** A connection of the worker's, as the page has it: its state is that of the last answer. */
export class RemoteConnection implements DriverConnection {
  readonly setup: readonly Statement[] = [];
  readonly raw: RemoteDatabase;
  readonly #client: Client;
  readonly #number: number;
  readonly #onClose: () => void;
  #last: ConnectionState = { state: "idle", isReusable: true };

  constructor(client: Client, number: number, onClose: () => void) {
    this.#client = client;
    this.#number = number;
    this.#onClose = onClose;
    this.raw = {
      export: () => this.image(),
      terminate: () => client.end(),
    };
  }

  async image(signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.#ask({ op: "export", connection: this.#number }, signal)).value as Uint8Array;
  }

  get state(): DriverConnection["state"] {
    return this.#client.isOver ? "closed" : this.#last.state;
  }

  get isReusable(): boolean {
    return this.state === "idle" && this.#last.isReusable;
  }

  async send({ steps, undo }: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    const flight: Flight = { steps: steps.map(plain), ...(undo && { undo: undo.map(plain) }) };
    const { value } = await this.#ask({ op: "send", connection: this.#number, flight }, signal);
    return (value as PlainOutcome[]).map(toOutcome);
  }

  stream(statement: Statement, { batchSize, signal }: StreamOptions): RowStream {
    const names = { connection: this.#number, stream: this.#client.next() };
    const opening = this.#ask({ op: "stream", ...names, statement: plainStatement(statement), batchSize }, signal);
    // Reported by the first next(), or by nobody: who never reads has nothing to be told of.
    opening.catch(() => undefined);
    return {
      next: async () => {
        await opening;
        return (await this.#ask({ op: "next", ...names }, signal)).value as IteratorResult<RowBatch, void>;
      },
      return: async () => {
        if (this.state !== "closed") await this.#ask({ op: "return", ...names });
      },
    };
  }

  async close(): Promise<void> {
    if (this.#last.state === "closed") return;
    this.#last = { state: "closed", isReusable: false };
    this.#onClose();
    if (!this.#client.isOver) await this.#client.ask({ op: "close", connection: this.#number });
  }

  async #ask(ask: Ask, signal?: AbortSignal): Promise<Answered> {
    if (this.state === "closed") throw lost("not-executed");
    throwIfAborted(signal);
    try {
      const answer = await this.#client.ask(ask, signal);
      this.#note(answer.connection);
      return answer;
    } catch (error) {
      const state = stateIn(error);
      this.#note(state);
      if (!signal?.aborted) throw error;
      // It is in the middle of a statement, and is closed behind it.
      if (!state) this.close().catch(() => undefined);
      throw reasonOf(signal);
    }
  }

  #note(state: ConnectionState | undefined): void {
    if (this.#last.state !== "closed") this.#last = state ?? this.#last;
    if (this.state === "closed") this.#onClose();
  }
}

function plain<Step extends Flight["steps"][number]>(step: Step): Step {
  return step.kind === "query" ? { ...step, statement: plainStatement(step.statement) } : step;
}

/** As plain data: what is written here of a statement is what the other side needs. */
function plainStatement({ text, params }: Statement): Statement {
  if (!params || Array.isArray(params)) return { text, params: params?.map(own) };
  return { text, params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, own(value)])) };
}

/** A view would travel with all of its buffer, and shared memory does not reach another tab. */
function own(value: SqlValue): SqlValue {
  if (tagOf(value) !== "Uint8Array") return value;
  const { buffer, byteLength } = value as Uint8Array;
  const isOwn = byteLength === buffer.byteLength && tagOf(buffer) === "ArrayBuffer";
  return isOwn ? value : new Uint8Array(value as Uint8Array);
}
