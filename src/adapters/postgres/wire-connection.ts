import { systemClock } from "../../clock.ts";
import type { DriverConnection, Flight, Settings, Step, StepOutcome, StreamOptions } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { transactionLost } from "../shared/failures.ts";
import { waitForAnswer } from "./answer-wait.ts";
import { bare } from "./control.ts";
import { land, leadFailure } from "./landing.ts";
import { isSetup, settled, stopOf } from "./outcomes.ts";
import type { Answer, Part, PartOutcome } from "./pipeline.ts";
import type { PlanInput } from "./plan-input.ts";
import { type Leg, planLeg } from "./plan.ts";
import { PortalStream } from "./portal-stream.ts";
import { Renewal } from "./renewal.ts";
import { type Scan, scan } from "./scan.ts";
import { QUESTION, type Segment, STREAMED } from "./segments.ts";
import type { SessionConfig } from "./session-config.ts";
import { Streams } from "./streams.ts";
import type { Channel } from "./wire.ts";
import { throwIfAborted } from "../../signal.ts";

const STATES: Readonly<Record<string, "idle" | "transaction" | "failed">> = {
  "?": "idle",
  I: "idle",
  T: "transaction",
  E: "failed",
};
/** A reset is answered at once: where it is not, nobody is there. */
const RENEWAL_MS = 5_000;
/** After such a pause, what could not be sent twice waits for the answer to the reset. */
const DOUBT_AFTER_MS = 5_000;

/** A session over a connection that speaks PostgreSQL's protocol, with several statements on their way together. */
export class WireConnection implements DriverConnection {
  readonly setup: readonly Statement[];
  readonly #channel: Channel;
  readonly #config: SessionConfig;
  readonly #renewal: Renewal;
  readonly #streams: Streams = new Streams();
  #answeredAt: number = systemClock.now();
  /** The session has left something in it; and a hook has, for all sessions. */
  #hasState = false;
  #hasHookState = false;
  /** Nothing was done to it that a reset cannot undo. */
  #isResettable = true;

  constructor(channel: Channel, config: SessionConfig) {
    this.#channel = channel;
    this.#config = config;
    this.setup = config.setup;
    this.#renewal = new Renewal(config.isPooled);
  }

  get raw(): unknown {
    this.#renewal.use();
    return this.#channel.raw;
  }

  get state(): DriverConnection["state"] {
    if (!this.#channel.isOpen) return "closed";
    const state = STATES[this.#channel.status]!;
    return this.#streams.hasOwn ? "idle" : state;
  }

  get isReusable(): boolean {
    return this.state === "idle" && this.#isResettable && this.#streams.size === 0;
  }

  get hasSessionState(): boolean {
    return this.#hasState || this.#streams.size > 0;
  }

  /** Something was set in it, made or begun, that a new one would not have. */
  get hasState(): boolean {
    return this.hasSessionState || this.#hasHookState || STATES[this.#channel.status] !== "idle";
  }

  renew(): void {
    this.#renewal.renew();
    this.#hasState = false;
  }

  hold(isHeld: boolean): void {
    this.#channel.hold?.(isHeld);
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    throwIfAborted(signal);
    const { steps, undo = [], settings } = flight;
    const before = this.state;
    this.#channel.checkOpen();
    // What is to come would end them.
    if (this.#streams.size > 0)
      await this.#streams.drain(
        steps.some(({ kind }) => kind === "commit"),
        signal,
      );
    const outcomes = await this.#fly(steps, settings, signal);
    if (undo.length > 0 && stopOf(steps, outcomes) >= 0)
      await this.#fly(
        undo.map((step) => (step.kind === "query" ? { ...step, onError: "continue" } : step)),
        settings,
        signal,
      );
    if (before !== "idle" && this.state === "idle") this.#streams.endAll(() => transactionLost("rollback"));
    return outcomes;
  }

  stream(statement: Statement, options: StreamOptions): PortalStream {
    const stream = new PortalStream(
      {
        parsers: this.#config.parsers,
        begin: (signal) => this.#begin(options.settings, signal),
        run: (opening, parts, isKept, signal) => this.#streamed(opening, parts, isKept, signal),
        leave: (portal) => this.#streams.leave(portal),
        onEnd: (ended) => this.#streams.delete(ended),
      },
      statement,
      options,
    );
    this.#noteState(scan(statement.text));
    return this.#streams.add(stream);
  }

  close(): Promise<void> {
    const closing = this.#channel.close();
    this.#streams.end(() => this.#channel.failures.gone("this connection was closed"));
    return closing;
  }

  /** Sends segments; on the signal, or without an answer in time, they are given up, and cancelled at the server. */
  #run(
    segments: readonly (readonly Part[])[],
    isKept: boolean,
    isRenewal: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    throwIfAborted(signal);
    this.#renewal.use();
    const running = this.#channel.run(this.#streams.withLeft(segments), isKept);
    const { answerTimeoutMs } = this.#config;
    const firstMs = isRenewal ? Math.min(RENEWAL_MS, answerTimeoutMs || RENEWAL_MS) : 0;
    return waitForAnswer(running, firstMs, answerTimeoutMs, signal, (late) => {
      void this.close();
      const { unknown, gone } = this.#channel.failures;
      return late ? (isKept ? unknown : gone)(`no answer within ${late}`) : undefined;
    });
  }

  async #fly(
    steps: readonly Step[],
    settings: Settings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    while (outcomes.length < steps.length && stopOf(steps, outcomes) < 0) {
      const start = outcomes.length;
      const input = this.#input(settings);
      const leg = planLeg(steps, start, input);
      if (leg.segments.length > 0) {
        const answer = await this.#run(leg.segments, leg.isKept, leg.isRenewal, signal);
        this.#learn(leg, answer);
        land(leg, start, steps, answer, this.#config.parsers);
      }
      let hasBegun = false;
      for (const outcome of leg.outcomes) {
        const step = steps[outcomes.length]!;
        this.#note(step, outcome);
        hasBegun ||= outcome.status === "done" && step.kind === "begin";
        outcomes.push(outcome);
      }
      if (input.state !== "idle" || hasBegun) continue;
      // That of setup or of a statement alone, or one whose settings were refused: nobody else would end it.
      if (this.state === "failed") await this.#run([[{ kind: "run", bound: bare("ROLLBACK") }]], false, false, signal);
      // What has not run because another one failed leaves again with the next leg.
      const unrun = leg.outcomes.findIndex(({ status }, at) => status === "skipped" && isAlone(steps[start + at]!));
      if (unrun >= 0) outcomes.length = start + unrun;
    }
    return settled(steps, outcomes);
  }

  #input(settings: Settings | undefined): PlanInput {
    const { idleInTransactionMs, inherited, parsers, isPooled } = this.#config;
    const { state } = this;
    const isIdle = state === "idle";
    return {
      state,
      isPooled,
      idleInTransactionMs,
      inherited,
      settings,
      reset: isIdle ? this.#renewal.reset : [],
      isDoubtful: systemClock.now() - this.#answeredAt > DOUBT_AFTER_MS,
      question: isIdle ? parsers.question : undefined,
    };
  }

  /** Takes note of an answer, and of what came ahead of the steps. @throws DbError when that has failed, and nothing has run. */
  #learn({ segments, isRenewal }: Pick<Leg, "segments" | "isRenewal">, answer: Answer): void {
    this.#answeredAt = systemClock.now();
    const refused = leadFailure(segments, answer, this.#channel.failures);
    if (refused) {
      void this.close();
      throw refused;
    }
    if (isRenewal) this.#renewal.renewed();
    const asked = segments[0]!.findIndex(({ at }) => at === QUESTION);
    const told = asked < 0 ? undefined : answer[0]![asked];
    if (told?.status === "done") this.#config.parsers.learn(told.result);
  }

  /** What a stream has to begin with that is outside of a transaction. */
  async #begin(settings: Settings | undefined, signal: AbortSignal | undefined): Promise<Leg | undefined> {
    await this.#streams.drain(false, signal);
    const steps = [{ kind: "begin", options: { settings } }] as const;
    return this.state === "idle" ? planLeg(steps, 0, this.#input(undefined)) : undefined;
  }

  async #streamed(
    opening: Leg | undefined,
    parts: readonly Part[],
    isKept: boolean,
    signal: AbortSignal | undefined,
  ): Promise<readonly PartOutcome[]> {
    const { segments: [begin = []] = [], isRenewal = false } = opening ?? {};
    const segments: Segment[] = [[...begin, ...parts.map((part) => ({ ...part, at: STREAMED, isAside: true }))]];
    const answer = await this.#run(segments, isKept, isRenewal, signal);
    this.#learn({ segments, isRenewal }, answer);
    return answer[0]!;
  }

  #note(step: Step, { status }: StepOutcome): void {
    if (status !== "done") return;
    this.#renewal.note(step);
    if (step.kind === "savepoint") this.#streams.mark(step.name);
    if (step.kind === "rollback-to") this.#streams.end(() => transactionLost("rollback to"), step.name);
    if (step.kind === "query" && !isSetup(step)) this.#noteState(scan(step.statement.text), step.isSetup);
  }

  #noteState({ leavesState, isForGood }: Scan, isHook = false): void {
    this.#hasHookState ||= isHook && leavesState;
    this.#hasState ||= !isHook && leavesState;
    this.#isResettable &&= isHook || !isForGood;
  }
}

function isAlone(step: Step): boolean {
  return step.kind === "query" && !step.guarded;
}
