import { DbError } from "../../errors.ts";
import { reasonOf, throwIfAborted } from "../../signal.ts";
import type { Frame } from "../../contract/context.ts";
import type { Beginning, Origin } from "../../session/link.ts";
import { TestTransaction } from "./test-transaction.ts";

const lines = new WeakMap<Origin, TestLine>();

/** The tests that run on one source: how many may, and to which of them a session belongs. */
export class TestLine {
  readonly #tests: Set<TestTransaction> = new Set();
  /** Tests to which everything belongs that begins outside of all others; the innermost last. */
  readonly #everywhere: TestTransaction[] = [];
  readonly #room: Room;
  readonly #whole: Room = new Room(1);

  private constructor(room: number) {
    this.#room = new Room(room);
  }

  /**
   * The line of a source.
   *
   * @param room - how many connections there may be.
   */
  static of(source: Origin, room: number): TestLine {
    let line = lines.get(source);
    if (!line) {
      const made = (line = new TestLine(room));
      lines.set(source, line);
      source.redirect ??= (beginning) => made.originOf(beginning);
    }
    return line;
  }

  /** Waits for the turn of a test; a signal ends the wait. @returns ends its turn. */
  async enter(isEverywhere: boolean, signal: AbortSignal | undefined): Promise<() => void> {
    const leaveWhole = isEverywhere ? await this.#whole.enter(signal) : undefined;
    try {
      const leave = await this.#room.enter(signal);
      return () => {
        leave();
        leaveWhole?.();
      };
    } catch (error) {
      leaveWhole?.();
      throw error;
    }
  }

  add(test: TestTransaction, isEverywhere: boolean): void {
    this.#tests.add(test);
    if (isEverywhere) this.#everywhere.push(test);
  }

  remove(test: TestTransaction): void {
    this.#tests.delete(test);
    const place = this.#everywhere.indexOf(test);
    if (place >= 0) this.#everywhere.splice(place, 1);
  }

  /** The test that is current in a frame, also when it is over: it has no connections any more. */
  testIn(frame: Frame | undefined): TestTransaction | undefined {
    for (let each = frame; each; each = each.parent)
      if (each.owner instanceof TestTransaction && each.owner.home === this) return each.owner;
    return undefined;
  }

  /**
   * Where a session finds its connections: at the test that it is in, if any.
   *
   * @throws DbError `SESSION_REQUIRED` when several tests run, and nothing tells which one the session is for.
   */
  originOf({ host: { context }, outside }: Beginning): Origin | undefined {
    const known = this.testIn(outside) ?? this.#everywhere.at(-1);
    if (known || context.absenceProves) return known?.origin;
    const [one, other] = this.#tests;
    if (other) throw unknownTest(context.name);
    return one?.origin;
  }
}

/** So many at a time; the others wait, first come, first served. */
class Room {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(free: number) {
    this.#free = free;
  }

  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    return () => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(reasonOf(signal!));
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(begin);
    });
  }
}

function unknownTest(context: string): DbError {
  const message =
    `several tests run, and ${context}() cannot tell for which of them this session begins: run them one after another, ` +
    "or give createDatabase() a context that follows await";
  return new DbError("SESSION_REQUIRED", message, { context });
}
