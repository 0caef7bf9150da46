import type { Adapter, MaybePromise, StepOutcome } from "../contract/adapter.ts";
import { DbError, isDbError } from "../errors.ts";
import { refuseUnsupported } from "./capability.ts";
import type { Command } from "./command.ts";
import { arm, type DeadlineOptions } from "./deadline.ts";
import { isBad, plan, toldApart, toResult, toTexts } from "./flight.ts";
import type { Link } from "./link.ts";
import { connectionName } from "./names.ts";
import type { Scope } from "./scope.ts";
import { toStatement } from "./statement.ts";
import type { Unit } from "./unit.ts";

/** A session's commands, first come first served: what is asked in one tick leaves in one flight, and one flight at a time. */
export class Line {
  /** A signal or a deadline of the session's may cancel what is in flight. */
  isBounded = false;
  readonly #unit: Unit;
  #waiting: Command[] = [];
  #flying: Command[] = [];
  #cancel: AbortController | undefined;
  #running: Promise<void> | undefined;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  add<T>(command: Command<T>, options?: DeadlineOptions): Promise<T> {
    if (options) {
      command.disarm = arm(
        options,
        "statement",
        this.#unit.host.clock,
        (reason) => this.#giveUp(command as Command, reason),
        () => command.isFlying,
      );
      if (command.disarm) command.isAlone = true;
    }
    this.#waiting.push(command as Command);
    this.#running ??= this.#run();
    return command.promise;
  }

  /** What was asked within a scope, and has no answer yet. */
  unsettled(scope: Scope): Command[] {
    return [...this.#flying, ...this.#waiting].filter((command) => !command.isSettled && scope.holds(command.scope));
  }

  /**
   * Ends what was asked within a scope: what waits never leaves, what flies is cancelled.
   *
   * @returns what the last of them was told, if there is one.
   */
  abort(scope: Scope, toReason: () => unknown): unknown {
    return this.unsettled(scope)
      .map((command) => this.#giveUp(command, toReason()))
      .at(-1);
  }

  /** Waits for the answers to all that was asked within a scope; rejects with the first failure among them. */
  async drain(scope: Scope): Promise<void> {
    await Promise.all(this.unsettled(scope).map(({ promise }) => promise));
  }

  /** Waits until nothing is in flight nor waiting. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #giveUp(command: Command, reason: unknown): unknown {
    const error = command.kind === "commit" && command.isFlying ? this.#commitUnknown(reason) : reason;
    command.reject(error);
    if (this.#flying.includes(command)) this.#cancel?.abort(reason);
    return error;
  }

  async #run(): Promise<void> {
    // Two hops: a query that Promise.all() starts to await in this tick asks one hop later, and shares the flight.
    await Promise.resolve();
    await Promise.resolve();
    for (let first: Command | undefined; (first = this.#waiting[0]);) {
      // A flight holds statements of one scope only.
      const { scope } = first;
      const end = first.isAlone ? 1 : this.#waiting.findIndex((command) => command.isAlone || command.scope !== scope);
      this.#flying = this.#waiting.splice(0, end < 0 ? Infinity : end);
      this.#cancel = undefined;
      try {
        await this.#serve();
      } catch (error) {
        for (const command of this.#flying) command.reject(error);
      }
    }
    this.#flying = [];
    this.#running = undefined;
  }

  async #serve(): Promise<void> {
    const unit = this.#unit;
    // Only what has statements asks for the source: to commit nothing needs no URL. A connection in hand outlives the pool's end.
    const source = this.#flying.some(({ inputs }) => inputs.length > 0)
      ? (unit.link?.source ?? unit.host.source())
      : undefined;
    const adapter = (source && "then" in source ? await source : source)?.adapter;
    for (const command of this.#flying) this.#prepare(command, adapter!);
    // Made only where somebody can cancel: a controller costs more than a query.
    const toSignal = (): AbortSignal => (this.#cancel ??= new AbortController()).signal;
    const isUnsettled = (command: Command): boolean => !command.isSettled;
    for (let isDone = false; !isDone;) {
      const waiting = this.#flying.find(isUnsettled);
      if (!waiting) return;
      const link = unit.link ?? (await unit.connect(toSignal, waiting.usePool));
      // Whoever gave up while there was no connection is not sent.
      const ready = this.#flying.filter(isUnsettled);
      const [first] = ready;
      if (!first) return;
      const signal = first.disarm || this.isBounded ? toSignal() : undefined;
      const flown = first.kind === "connect" || this.#fly(ready, link, signal);
      // Most flights of an engine in the same process are back already: not even a microtask is waited for them.
      isDone = typeof flown === "boolean" ? flown : await flown;
      if (isDone && !first.isSettled) first.resolve(await first.finish([], link, signal));
    }
  }

  /** Checks and writes a command before a connection is taken for it, and settles what has nothing to send. */
  #prepare(command: Command, adapter: Adapter): void {
    const { transaction } = this.#unit;
    const { kind, scope } = command;
    try {
      const statements = (command.statements = command.inputs.map((input) => toStatement(input, adapter)));
      if (kind !== "rollback" && kind !== "connect") {
        const refusal = transaction.refusal(statements[0]?.text);
        if (refusal) throw refusal;
        if (transaction.wanted && statements.length > 0) refuseUnsupported(adapter, transaction.wanted, scope);
      }
      const isSettling = kind === "commit" || kind === "rollback";
      if (statements.length > 0 || (isSettling ? transaction.isOpen : kind !== "batch")) return;
      if (isSettling) transaction.end();
      command.resolve(command.finish([], undefined!, undefined));
    } catch (error) {
      command.reject(error);
    }
  }

  /** Sends a flight; false when it was lost with nothing executed, and may leave again on another connection. */
  #fly(commands: readonly Command[], link: Link, signal: AbortSignal | undefined): MaybePromise<boolean> {
    const unit = this.#unit;
    const { transaction, host } = unit;
    const { kind } = commands[0]!;
    const { steps, undo, setup, ahead } = plan(commands, link, transaction);
    if (steps.length === 0) return true;
    const startedAt = host.emit && host.clock.now();
    const tell = (isOk: boolean): void =>
      host.emit?.({
        type: "flight",
        session: unit.id,
        connection: unit.connection,
        statements: toTexts(steps),
        durationMs: host.clock.now() - startedAt!,
        isOk,
      });
    const land = (outcomes: StepOutcome[]): boolean => {
      const bad = outcomes.findIndex(isBad);
      tell(bad < 0);
      this.#land(commands, outcomes, bad < 0 ? Infinity : bad, setup, ahead);
      return true;
    };
    const lose = (error: unknown): boolean => {
      tell(false);
      if (unit.replaces(error, setup > 0)) return false;
      const isUnsent = kind !== "commit" || (isDbError(error) && error.outcome === "not-executed");
      throw isUnsent ? error : this.#commitUnknown(error);
    };
    let sent: MaybePromise<StepOutcome[]>;
    link.source.flights++;
    try {
      sent = link.driver.send({ steps, undo }, signal);
    } catch (error) {
      return lose(error);
    }
    return Array.isArray(sent) ? land(sent) : sent.then(land, lose);
  }

  /** Takes note of what came back. The first `setup` and `ahead` outcomes are nobody's; `bad` is the first that is not done. */
  #land(
    commands: readonly Command[],
    outcomes: readonly StepOutcome[],
    bad: number,
    setup: number,
    ahead: number,
  ): void {
    const unit = this.#unit;
    const { transaction, link } = unit;
    const { kind, statements } = commands[0]!;
    const { state } = link!.driver;
    const failed = outcomes[bad];
    const failure = failed?.status === "failed" ? failed.error : undefined;
    if (bad >= ahead && transaction.state === "none" && transaction.wanted) unit.tell("begin");
    if (
      (kind === "commit" && bad > outcomes.length) ||
      (kind === "rollback" && (bad > outcomes.length || state === "idle"))
    ) {
      transaction.end();
      unit.tell(kind);
    } else transaction.land(state, bad >= ahead, failure);
    // Half set up, nobody may see it.
    if (bad < setup) unit.drop(failure);
    const blocked = (): unknown => transaction.refusal(statements[0]?.text) ?? failure;
    if (bad < ahead) throw blocked();
    this.#answer(commands, outcomes, bad, ahead, blocked);
  }

  /** Hands each command its own results or its own error. */
  #answer(
    commands: readonly Command[],
    outcomes: readonly StepOutcome[],
    bad: number,
    ahead: number,
    blocked: () => unknown,
  ): void {
    const { transaction, link } = this.#unit;
    const { kind } = commands[0]!;
    let at = ahead;
    for (const command of commands) {
      const { length } = command.statements;
      const isOne = kind === "query";
      const index = isOne ? 0 : bad - ahead;
      const outcome = outcomes[isOne ? at++ : bad];
      try {
        if (outcome && isBad(outcome))
          throw outcome.status === "failed" ? toldApart(outcome.error, kind, index, length) : blocked();
        if (kind === "call") return;
        if (kind === "commit" || !transaction.wanted) this.#unit.hasKept = true;
        const results = isOne ? [toResult(outcome!)] : outcomes.slice(ahead, ahead + length).map(toResult);
        command.resolve(command.finish(results, link!, undefined));
      } catch (error) {
        command.reject(error);
      }
    }
  }

  // Whether a COMMIT took effect cannot be known when its answer was lost; it is never sent again.
  #commitUnknown(cause: unknown): DbError {
    const message = "the answer to COMMIT was lost: look at the data before doing the work again";
    return new DbError(
      "COMMIT_UNKNOWN",
      message,
      { session: connectionName(this.#unit) },
      { cause, outcome: "unknown" },
    );
  }
}
