import { systemClock } from "../../../clock.ts";
import type { AdapterEvent } from "../../../contract/events.ts";
import { DbError, type Outcome } from "../../../errors.ts";
import { reasonOf } from "../../../signal.ts";
import { connectFailed } from "../errors.ts";
import { webLocks } from "../storage/platform.ts";
import {
  type Alive,
  type Answer,
  type Ask,
  type ConnectionState,
  type Notice,
  type Question,
  toError,
} from "./messages.ts";

/** What is used of a `Worker`. */
export interface WorkerHandle {
  postMessage(message: unknown, transfer: never[]): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "error" | "messageerror", listener: (event: object) => void): void;
  terminate(): void;
}

/** As far as timers go: a longer one runs out at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What a worker has said before its end is here by then. */
const LAST_WORDS_MS = 50;

interface Pending {
  readonly isOpening: boolean;
  isAccepted: boolean;
  resolve(answer: Answered): void;
  reject(error: unknown): void;
}

export interface Answered {
  readonly value: unknown;
  readonly connection: ConnectionState | undefined;
}

/** A page's side of one worker, from its start to its end. */
export class Client {
  isOver = false;
  /** All its databases come back from a storage: it may be ended. */
  isKept = true;
  readonly #worker: WorkerHandle;
  readonly #stopMs: number;
  readonly #pending: Map<number, Pending> = new Map();
  readonly #onEnd: () => void;
  readonly #listeners: Map<number, (event: AdapterEvent) => void> = new Map();
  #ids = 0;

  constructor(worker: WorkerHandle, stopMs: number, onEnd: () => void) {
    this.#worker = worker;
    this.#stopMs = stopMs;
    this.#onEnd = onEnd;
    worker.addEventListener("message", ({ data }) => this.#receive(data as Answer | Notice | Alive));
    worker.addEventListener("messageerror", () => this.end());
    worker.addEventListener("error", (event) => {
      const { message } = event as { message?: unknown };
      this.end(connectFailed(`the worker failed: ${String(message ?? "its file could not be loaded")}`));
    });
  }

  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** A number for what the page names. */
  next(): number {
    return ++this.#ids;
  }

  /**
   * Asks the worker, and waits.
   *
   * When `signal` aborts, the worker is told so. If it does not answer within `stopMs`, it is in the middle of a statement: it is
   * ended, with all that it has open, unless a database of it would be gone then.
   */
  ask(ask: Ask, signal?: AbortSignal): Promise<Answered> {
    if (this.isOver) return Promise.reject(lost("not-executed"));
    const id = this.next();
    return new Promise<Answered>((resolve, reject) => {
      let timer: unknown;
      const abort = (): void => {
        this.#post({ abort: id });
        timer = systemClock.setTimeout(
          () => {
            this.#pending.get(id)?.reject(undefined);
            if (this.isKept) this.end();
          },
          Math.min(this.#stopMs, LONGEST_MS),
        );
      };
      const settle = (): void => {
        this.#pending.delete(id);
        systemClock.clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      this.#pending.set(id, {
        isOpening: ask.op === "open",
        isAccepted: false,
        resolve: (answer) => (settle(), resolve(answer)),
        reject: (error) => (settle(), reject(signal?.aborted ? reasonOf(signal) : error)),
      });
      this.#post({ id, ask });
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
    });
  }

  /** The page is hidden: what is not durable yet is made so. */
  hide(): void {
    if (!this.isOver) this.#post({ isHidden: true });
  }

  /** Ends the worker. What it had begun has an unknown outcome; what it had not is not done. To open it failed for `cause`. */
  end(cause?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#worker.terminate();
    this.#onEnd();
    for (const pending of [...this.#pending.values()])
      pending.reject(pending.isOpening && cause ? cause : lost(pending.isAccepted ? "unknown" : "not-executed", cause));
  }

  #post(question: Question): void {
    this.#worker.postMessage(question, []);
  }

  /** Hears what happens to an adapter's database by itself. */
  listen(adapter: number, listener: (event: AdapterEvent) => void): void {
    this.#listeners.set(adapter, listener);
  }

  /** It holds that lock while it lives: the end of one that has closed itself, or ran out of memory, is reported by nothing else. */
  #watch(lock: string): void {
    const ended = (): Promise<unknown> => Promise.resolve(systemClock.setTimeout(() => this.end(), LAST_WORDS_MS));
    webLocks()
      ?.request(lock, {}, ended)
      .catch(() => undefined);
  }

  #receive(answer: Answer | Notice | Alive): void {
    if ("alive" in answer) return this.#watch(answer.alive);
    if ("event" in answer) return this.#listeners.get(answer.adapter)?.(answer.event);
    const pending = this.#pending.get(answer.id);
    if (!pending) return;
    if ("isAccepted" in answer) pending.isAccepted = true;
    else if ("error" in answer) pending.reject(Object.assign(toError(answer.error), { [STATE]: answer.connection }));
    else pending.resolve(answer);
  }
}

const STATE = Symbol("state of the connection");

/** As of the answer that was this error. */
export function stateIn(error: unknown): ConnectionState | undefined {
  return (error as { [STATE]?: ConnectionState })?.[STATE];
}

export function lost(outcome: Outcome, cause?: unknown): DbError {
  return new DbError(
    "CONNECTION_LOST",
    "the worker or the tab that had the database was ended",
    { adapter: "sql-js" },
    { outcome, cause },
  );
}
