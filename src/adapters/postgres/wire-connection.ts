import type { DriverConnection, Flight, Step, StepOutcome, StreamOptions } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { transactionLost } from "../shared/failures.ts";
import { isSetup, settled, stopOf } from "./outcomes.ts";
import type { Answer, Part } from "./pipeline.ts";
import { outcomesOf, patience, planLeg, run } from "./plan.ts";
import { PortalStream } from "./portal-stream.ts";
import { scan } from "./scan.ts";
import type { Parsers } from "./values.ts";
import type { Channel } from "./wire.ts";
import { orAbort } from "../shared/waits.ts";

/** What shapes the sessions of a database. */
export interface Shape {
  readonly setup: readonly Statement[];
  readonly parsers: Parsers;
  readonly idleInTransactionMs: number;
}

const STATES: Readonly<Record<string, "idle" | "transaction" | "failed">> = {
  "?": "idle",
  I: "idle",
  T: "transaction",
  E: "failed",
};

/** A session over a connection that speaks PostgreSQL's protocol, with several statements on their way together. */
export class WireConnection implements DriverConnection {
  readonly setup: readonly Statement[];
  readonly parsers: Parsers;
  readonly #channel: Channel;
  readonly #idleInTransactionMs: number;
  readonly #streams: Set<PortalStream> = new Set();
  /** Streams that read already when the savepoint was made, by its name: a rollback to it leaves them alone. */
  readonly #older: Map<string, readonly PortalStream[]> = new Map();
  /** Portals that nobody reads any more: closed ahead of the next statement. */
  #left: string[] = [];
  #turn = 0;
  #isDirty = false;
  #hasState = false;

  constructor(channel: Channel, { setup, parsers, idleInTransactionMs }: Shape) {
    this.#channel = channel;
    this.setup = setup;
    this.parsers = parsers;
    this.#idleInTransactionMs = idleInTransactionMs;
  }

  get raw(): unknown {
    return this.#channel.raw;
  }

  get state(): DriverConnection["state"] {
    if (!this.#channel.isOpen) return "closed";
    const state = STATES[this.#channel.status]!;
    // A stream outside of a transaction has one of its own, of which nobody needs to know.
    return [...this.#streams].some(({ isAlone }) => isAlone) ? "idle" : state;
  }

  get isReusable(): boolean {
    return this.state === "idle" && !this.#isDirty && this.#streams.size === 0;
  }

  /** Something was set in it, made or begun, that another session would not have. */
  get hasState(): boolean {
    return this.#hasState || this.#isDirty || this.#streams.size > 0 || STATES[this.#channel.status] !== "idle";
  }

  async send({ steps, undo = [] }: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    signal?.throwIfAborted();
    const before = this.state;
    await this.#prepare(steps, signal);
    const outcomes = await this.#fly(steps, signal);
    if (stopOf(steps, outcomes) >= 0 && undo.length > 0)
      await this.#fly(
        undo.map((step) => (step.kind === "query" ? { ...step, onError: "continue" } : step)),
        signal,
      );
    if (before !== "idle" && this.state === "idle") {
      this.#endStreams(transactionLost("rollback"));
      this.#left = [];
      this.#older.clear();
    }
    return outcomes;
  }

  stream(statement: Statement, options: StreamOptions): PortalStream {
    const stream = new PortalStream(
      {
        parsers: this.parsers,
        enter: async (signal) => {
          await this.#drain(false, signal);
          return this.state === "idle" ? [run("BEGIN"), ...patience(this.#idleInTransactionMs)] : [];
        },
        run: (parts, isKept, signal) => this.run([parts], isKept, signal),
        leave: (portal) => void this.#left.push(portal),
        onEnd: (ended) => void this.#streams.delete(ended),
      },
      statement,
      options,
    );
    if (scan(statement.text).leavesState) this.#isDirty = true;
    this.#streams.add(stream);
    return stream;
  }

  close(): Promise<void> {
    const closing = this.#channel.close();
    this.#endStreams(this.#channel.failures.gone("this connection was closed"));
    return closing;
  }

  /** Sends segments; on the signal they are given up, and cancelled at the server. */
  async run(segments: readonly (readonly Part[])[], isKept: boolean, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted();
    const [first = [], ...rest] = segments;
    const closes = this.#left.splice(0).map((portal): Part => ({ kind: "close", portal }));
    try {
      return await orAbort(this.#channel.run([[...closes, ...first], ...rest], isKept), signal);
    } catch (error) {
      if (signal?.aborted) void this.close();
      throw error;
    }
  }

  /** Reads streams to their end that what is to come would end otherwise. */
  async #prepare(steps: readonly Step[], signal: AbortSignal | undefined): Promise<void> {
    this.#channel.checkOpen();
    await this.#drain(
      steps.some(({ kind }) => kind === "commit"),
      signal,
    );
  }

  async #drain(isAll: boolean, signal: AbortSignal | undefined): Promise<void> {
    for (const stream of this.#streams) if (isAll || stream.isAlone) await stream.drain(signal);
  }

  async #fly(steps: readonly Step[], signal: AbortSignal | undefined): Promise<StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    while (outcomes.length < steps.length && stopOf(steps, outcomes) < 0) {
      const start = outcomes.length;
      const ground = { state: this.state, idleInTransactionMs: this.#idleInTransactionMs, turn: ++this.#turn };
      const leg = planLeg(steps, start, ground);
      const segments = leg.segments.map(({ parts }) => parts);
      const answer = segments.length > 0 ? await this.run(segments, leg.isKept, signal) : undefined;
      const landed = outcomesOf(leg, start, steps, answer, this.parsers);
      landed.forEach((outcome, index) => this.#note(steps[start + index]!, outcome));
      outcomes.push(...landed);
    }
    return settled(steps, outcomes);
  }

  #note(step: Step, { status }: StepOutcome): void {
    if (status !== "done") return;
    if (step.kind === "savepoint") this.#older.set(step.name, this.#openStreams());
    if (step.kind === "rollback-to") this.#endStreams(transactionLost("rollback to"), this.#older.get(step.name));
    if (step.kind !== "query") return;
    if (step.isSetup) this.#hasState ||= !isSetup(step) && scan(step.statement.text).leavesState;
    else if (scan(step.statement.text).leavesState) this.#isDirty = true;
  }

  #openStreams(): PortalStream[] {
    return [...this.#streams].filter(({ isOpen }) => isOpen);
  }

  #endStreams(error: Error, spared: readonly PortalStream[] = []): void {
    for (const stream of this.#streams) if (!spared.includes(stream)) stream.end(error);
  }
}
