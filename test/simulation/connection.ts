// A connection that keeps the adapter's contract to the letter, and no more: it answers at once, some microtasks or some time
// later, loses answers before or after what was asked was executed, and says so honestly.

import type { DriverConnection, Flight, RowStream, StepOutcome, StreamOptions } from "../../src/contract/adapter.ts";
import type { RowBatch, Statement } from "../../src/contract/statement.ts";
import type { SimAdapter } from "./adapter.ts";
import type { ServerEnd } from "./server.ts";
import { type Patience, wait } from "./wait.ts";

type Loss = "before" | "unknown before" | "midway" | "after";

export class SimConnection implements DriverConnection {
  readonly adapter: SimAdapter;
  readonly number: number;
  readonly end: ServerEnd;
  readonly setup: readonly Statement[];
  readonly answersAtOnce: boolean;
  state: DriverConnection["state"] = "idle";
  closes = 0;
  isGone = false;
  /** Opened too late: it was given up. */
  isStray = false;
  /** Who had it last, where requests are told apart. */
  lastRequest: unknown;
  /** When it was seen to be closed while nobody had it. */
  deadSince: number | undefined;
  readonly renew?: () => void;
  readonly ping?: (signal: AbortSignal) => Promise<boolean | void> | boolean | void;
  /** Streams that were opened, and neither read to the end nor returned. */
  readonly streams: Set<object> = new Set();
  #flights = 0;
  #busy: string | undefined;
  #mustReset = false;

  constructor(adapter: SimAdapter, number: number, end: ServerEnd, setup: readonly Statement[]) {
    this.adapter = adapter;
    this.number = number;
    this.end = end;
    this.setup = setup;
    this.answersAtOnce = adapter.world.draw(61, number) < 0.25;
    if (adapter.options.renews) this.renew = () => (this.#mustReset = true);
    if (!adapter.options.tellsDeath) this.ping = (signal) => this.#ping(signal);
  }

  get isBusy(): boolean {
    return this.#busy !== undefined;
  }

  get raw(): this {
    return this;
  }

  get isReusable(): boolean {
    return this.state === "idle" && (this.end.left.size === 0 || this.renew !== undefined);
  }

  send(flight: Flight, signal?: AbortSignal): StepOutcome[] | Promise<StepOutcome[]> {
    const { world } = this.adapter;
    const key = this.number * 1_000 + ++this.#flights;
    world.note(() => `c${this.number} send: ${textOf(flight)}`);
    this.#enter("send");
    this.lastRequest = this.adapter.options.request?.();
    if (signal?.aborted) return this.#leave(() => Promise.reject(signal.reason as Error));
    if (this.state === "closed") return this.#leave(() => Promise.reject(this.#lost("not-executed")));
    const loss = this.#lossOf(key, flight.steps.length > 0);
    const there = this.adapter.patience(5, key);
    const back = this.adapter.patience(6, key);
    if (there.kind === "now" && back.kind === "now")
      return this.#leave(() => this.#outcomes(this.#perform(flight, key, loss), loss));
    return this.#travel(flight, key, loss, there, back, signal).finally(() => this.#leave(() => undefined));
  }

  async #travel(
    flight: Flight,
    key: number,
    loss: Loss | undefined,
    there: Patience,
    back: Patience,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const { world } = this.adapter;
    if (!(await wait(world.time, there, signal))) {
      const way = world.draw(7, key);
      world.note(() => `c${this.number} aborted on its way (${way < 0.15 ? "good" : way < 0.45 ? "late" : "gone"})`);
      // Taken back before it left: the connection is as it was.
      if (way < 0.15) throw signal!.reason;
      this.state = "closed";
      if (way < 0.45) this.#performLate(flight, key);
      else this.end.die();
      throw signal!.reason;
    }
    const outcomes = this.#perform(flight, key, loss);
    if (!(await wait(world.time, back, signal))) {
      world.note(() => `c${this.number} aborted on its way back`);
      this.#die();
      throw signal!.reason;
    }
    return this.#outcomes(outcomes, loss);
  }

  /** The server has it already: it is executed although nobody waits for it, and then the connection is found to be closed. */
  #performLate(flight: Flight, key: number): void {
    const { world } = this.adapter;
    for (const step of flight.steps) {
      const statement = step.kind === "query" && this.end.server.ledger.byText(step.statement.text);
      if (statement) statement.isLate = true;
    }
    world.time.after(Math.ceil(world.draw(8, key) * 30), () => {
      if (this.end.isDead) return;
      world.note(() => `c${this.number} executes late: ${textOf(flight)}`);
      this.#perform(flight, key, undefined);
      this.end.die();
    });
  }

  #perform({ steps, undo = [] }: Flight, key: number, loss: Loss | undefined): StepOutcome[] | undefined {
    const { end } = this;
    if (loss === "before" || loss === "unknown before") return undefined;
    this.#reset();
    const last = loss === "midway" ? Math.floor(this.adapter.world.draw(9, key) * steps.length) : steps.length;
    const outcomes: StepOutcome[] = [];
    let isStopped = false;
    steps.slice(0, last).forEach((step, at) => {
      const outcome: StepOutcome = isStopped ? { status: "skipped" } : end.run(step, key, at);
      outcomes.push(outcome);
      isStopped ||= outcome.status !== "done" && (step.kind !== "query" || step.onError === "stop");
    });
    if (loss === "midway") return undefined;
    if (isStopped) undo.forEach((step, at) => end.transaction && end.run(step, key, 100 + at, true));
    if (isStopped || outcomes.some(({ status }) => status !== "done"))
      this.adapter.world.note(
        () =>
          `c${this.number} answers: ${outcomes.map((each) => (each.status === "failed" ? each.error.message : each.status)).join(" | ")}`,
      );
    this.adapter.world.tell("executed");
    return outcomes;
  }

  /** What was left in it is gone before the next statement. */
  #reset(): void {
    if (this.#mustReset) this.end.left.clear();
    this.#mustReset = false;
  }

  #outcomes(outcomes: StepOutcome[] | undefined, loss: Loss | undefined): StepOutcome[] {
    if (!outcomes || loss) throw this.#lost(loss === "before" ? "not-executed" : "unknown");
    this.state = this.end.state;
    this.adapter.world.tell("answer");
    return outcomes;
  }

  #lossOf(key: number, isLoaded: boolean): Loss | undefined {
    const { world, options } = this.adapter;
    if (!isLoaded || !world.happens(options.losses, "connection lost", 10, key)) return undefined;
    const dice = world.draw(11, key);
    return dice < 0.3 ? "before" : dice < 0.5 ? "unknown before" : dice < 0.7 ? "midway" : "after";
  }

  #lost(outcome: "not-executed" | "unknown"): Error {
    const { world } = this.adapter;
    world.note(() => `c${this.number} is lost: ${outcome}`);
    this.#die();
    const { DbError } = world.lib;
    return new DbError("CONNECTION_LOST", "gone", { adapter: "sim" }, { outcome, retryable: true });
  }

  #die(): void {
    this.state = "closed";
    this.end.die();
  }

  #enter(what: string): void {
    const { world } = this.adapter;
    if (this.closes > 0) world.fail("closed is closed", `${what}() on connection ${this.number}, which was closed`);
    if (this.#busy)
      world.fail("one flight", `${what}() on connection ${this.number} while ${this.#busy}() is under way`);
    if (this.deadSince !== undefined && what !== "ping")
      world.fail("closed is closed", `connection ${this.number} was lent, and had been closed while it was idle`);
    this.#busy = what;
  }

  #leave<T>(then: () => T): T {
    this.#busy = undefined;
    return then();
  }

  async #ping(signal: AbortSignal): Promise<boolean | void> {
    const { world, options } = this.adapter;
    const key = this.number * 1_000 + ++this.#flights;
    world.note(() => `c${this.number} ping`);
    this.#enter("ping");
    try {
      const isDead = this.state === "closed" || world.happens(options.losses * 2, "ping fails", 12, key);
      if (isDead) this.#die();
      const answer = this.adapter.patience(13, key);
      if (!(await wait(world.time, answer, signal))) throw signal.reason;
      if (isDead && world.draw(14, key) < 0.5) throw new Error("no answer to ping");
      return isDead ? false : undefined;
    } finally {
      this.#leave(() => undefined);
    }
  }

  stream(statement: Statement, { batchSize, signal }: StreamOptions): RowStream {
    const { world } = this.adapter;
    world.note(() => `c${this.number} stream: ${statement.text}`);
    this.#enter("stream");
    this.lastRequest = this.adapter.options.request?.();
    this.#leave(() => undefined);
    const key = this.number * 1_000 + ++this.#flights;
    const token = {};
    let at = 0;
    let isReturned = false;
    let opened: StepOutcome | undefined;
    const rows = Math.floor(world.draw(15, key) * 6);
    this.streams.add(token);
    const step = (
      what: string,
      work: () => IteratorResult<RowBatch, void>,
    ): Promise<IteratorResult<RowBatch, void>> | IteratorResult<RowBatch, void> => {
      if (isReturned) world.fail("streams", `${what}() of ${statement.text} after its return()`);
      this.#enter(what);
      if (this.state === "closed") return this.#leave(() => Promise.reject(this.#lost("not-executed")));
      const patience = this.adapter.patience(16, key, at);
      if (patience.kind === "now") return this.#leave(work);
      return wait(world.time, patience, signal)
        .then((isDone) => {
          // Closed meanwhile: its server has nobody to read for.
          if (isDone && this.closes > 0) throw this.#lost("unknown");
          if (isDone) return work();
          this.#die();
          throw signal!.reason;
        })
        .finally(() => this.#leave(() => undefined));
    };
    const next = (): IteratorResult<RowBatch, void> => {
      this.#reset();
      opened ??= this.end.run({ kind: "query", statement, guarded: false, onError: "stop" }, key, 0);
      this.state = this.end.state;
      if (opened.status === "failed") {
        this.streams.delete(token);
        throw opened.error;
      }
      if (world.happens(this.adapter.options.losses, "stream lost", 17, key, at)) throw this.#lost("unknown");
      const size = Math.min(batchSize, rows - at);
      if (size <= 0) {
        this.streams.delete(token);
        return { done: true, value: undefined };
      }
      const values = Array.from({ length: size }, () => [at++]);
      return { done: false, value: { columns: ["at"], rows: values } };
    };
    return {
      next: () => step("next", next),
      return: async () => {
        world.note(() => `c${this.number} stream returned: ${statement.text}`);
        if (isReturned) world.fail("streams", `return() of ${statement.text} twice`);
        isReturned = true;
        this.streams.delete(token);
        if (this.state === "closed") return;
        this.#enter("return");
        await wait(world.time, this.adapter.patience(18, key, 0, "no answer to return"), undefined);
        this.#leave(() => undefined);
      },
    };
  }

  close(): void | Promise<void> {
    const { world, options } = this.adapter;
    world.note(() => `c${this.number} close`);
    this.closes++;
    if (this.closes > 1) world.fail("closed once", `connection ${this.number} is closed ${this.closes} times`);
    this.#die();
    this.streams.clear();
    const gone = (): void => {
      this.isGone = true;
      if (world.happens(options.faults, "close fails", 19, this.number)) throw new Error("close failed");
    };
    const patience = this.adapter.patience(20, this.number);
    if (patience.kind === "now") return gone();
    return wait(world.time, patience, undefined).then(gone);
  }
}

function textOf({ steps, undo = [] }: Flight): string {
  const texts = (list: Flight["steps"]): string =>
    list
      .map((step) =>
        step.kind === "query" ? step.statement.text : "name" in step ? `${step.kind} ${step.name}` : step.kind,
      )
      .join(" | ");
  return `${texts(steps)}${undo.length > 0 ? `  (undo ${texts(undo)})` : ""}`;
}
