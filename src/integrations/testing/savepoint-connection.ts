import type { DriverConnection, Flight, StepOutcome, StreamOptions } from "../../contract/adapter.ts";
import type { Owner } from "../../contract/events.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { orAbort } from "../../adapters/shared/waits.ts";
import { throwIfAborted } from "../../signal.ts";
import { SavepointFlights, type Shared } from "./savepoint-flights.ts";
import { SavepointStream } from "./savepoint-stream.ts";
import type { OpenLevel } from "./translation.ts";
import type { Taker } from "./turns.ts";

/** What a session of a test has for a connection: a part of the test's own, whose transactions are savepoints. */
export class SavepointConnection implements DriverConnection, Taker {
  readonly setup: readonly Statement[] = [];
  owner: Owner | undefined;
  readonly stream?: (statement: Statement, options: StreamOptions) => SavepointStream;
  readonly #test: Shared;
  readonly #flights: SavepointFlights;
  #isClosed = false;

  constructor(test: Shared) {
    this.#test = test;
    this.#flights = new SavepointFlights(test, this);
    if (test.driver.stream) this.stream = (statement, options) => this.#stream(statement, options);
  }

  get raw(): unknown {
    return this.#test.driver.raw;
  }

  get isReusable(): boolean {
    return this.state === "idle" && !this.#flights.hasLeft;
  }

  get state(): DriverConnection["state"] {
    if (this.#isClosed || this.#test.driver.state === "closed") return "closed";
    if (!this.level) return "idle";
    return this.#flights.isFailed ? "failed" : "transaction";
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    throwIfAborted(signal);
    return this.run(() => this.#flights.fly(flight), false, signal);
  }

  /** Runs something when it is this connection's turn. Once begun it runs to its end: given up, its session loses only this part. */
  async run<T>(work: () => Promise<T>, isAside: boolean, signal: AbortSignal | undefined): Promise<T> {
    const { turns } = this.#test;
    await turns.take(this, isAside, signal);
    const running = (async () => {
      try {
        throwIfAborted(signal);
        this.#check();
        return await work();
      } finally {
        if (this.#isClosed) await this.#flights.takeBack();
        turns.release();
      }
    })();
    try {
      return await orAbort(running, signal);
    } catch (error) {
      if (signal?.aborted) this.#isClosed = true;
      throw error;
    }
  }

  /** The transaction that is open. */
  get level(): OpenLevel | undefined {
    return this.#flights.level;
  }

  /** Runs something that is no transaction of its session, so that its failure takes back nothing else. */
  alone<T>(settings: Flight["settings"], work: () => Promise<T>): Promise<T> {
    return this.#flights.alone(settings, work);
  }

  /** What is around its transaction was taken back, or has ended. */
  lose(): void {
    this.#flights.lose();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const { turns, lost } = this.#test;
    if (lost) return this.lose();
    await turns.takeFirst();
    try {
      await this.#flights.takeBack();
    } finally {
      turns.release();
    }
  }

  #check(): void {
    if (this.#test.lost) throw this.#test.lost;
    if (this.#isClosed) throw new DbError("CONNECTION_LOST", "this connection was closed", { adapter: "rolledBack" });
  }

  #stream(statement: Statement, options: StreamOptions): SavepointStream {
    this.#flights.note(statement);
    return new SavepointStream(this, this.#test.driver, statement, options);
  }
}
