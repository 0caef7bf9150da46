import type { Adapter, MaybePromise, StepOutcome } from "../contract/adapter.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Command } from "./command.ts";
import { arm, type DeadlineOptions } from "./deadline.ts";
import { isBad, type Plan, plan, toldApart, toResult, toTexts } from "./flight.ts";
import type { Link } from "./link.ts";
import { connectionName } from "./names.ts";
import { prepare } from "./prepare.ts";
import type { Scope } from "./scope.ts";
import type { Unit } from "./unit.ts";

const hop = (): void => undefined;

/** A session's commands, first come first served: what is asked in one tick leaves in one flight, and one flight at a time. */
export class Line {
  /** A signal or a deadline of the session's may cancel what is in flight. */
  isBounded = false;
  readonly #unit: Unit;
  readonly #idlers: (() => void)[] = [];
  #waiting: Command[] = [];
  #flying: Command[] = [];
  #cancel: AbortController | undefined;
  #isRunning = false;

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
    if (!this.#isRunning) {
      this.#isRunning = true;
      // Two hops: a query that Promise.all() starts to await in this tick asks one hop later, and shares the flight.
      void Promise.resolve().then(hop).then(this.#run);
    }
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
    if (this.#isRunning) await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  #giveUp(command: Command, reason: unknown): unknown {
    const error = command.kind === "commit" && command.isFlying ? this.#commitUnknown(reason) : reason;
    command.reject(error);
    if (this.#flying.includes(command)) this.#cancel?.abort(reason);
    return error;
  }

  // Most flights of an engine in the same process are back already: not even a microtask is waited for them.
  readonly #run = (): void => {
    for (let first: Command | undefined; (first = this.#waiting[0]);) {
      this.#flying = this.#together(first);
      this.#cancel = undefined;
      const served = this.#serve();
      if (served) return void served.then(this.#run);
    }
    this.#flying = [];
    this.#isRunning = false;
    for (const resolve of this.#idlers.splice(0)) resolve();
  };

  /** Takes what flies with the first in line: statements of one scope only. */
  #together(first: Command): Command[] {
    const line = this.#waiting;
    const isOther = ({ isAlone, scope }: Command): boolean => isAlone || scope !== first.scope;
    const end = first.isAlone ? 1 : line.findIndex(isOther);
    this.#waiting = end < 0 ? [] : line.splice(end);
    return line;
  }

  #serve(): Promise<void> | undefined {
    const unit = this.#unit;
    const { link } = unit;
    if (!link) return this.#serveLater(undefined);
    try {
      for (const command of this.#flying) prepare(command, link.source.adapter, unit.transaction);
      const flown = this.#depart(link);
      return flown === true ? undefined : this.#serveLater(flown);
    } catch (error) {
      return this.#refuse(error);
    }
  }

  /** @param flown - whether what flies is done; `undefined` when there is no connection for it yet. */
  async #serveLater(flown: MaybePromise<boolean> | undefined): Promise<void> {
    const unit = this.#unit;
    try {
      if (flown === undefined) {
        // Only what has statements asks for the source: to commit nothing needs no URL.
        const source = this.#flying.some(({ inputs }) => inputs.length > 0) ? await unit.host.source() : undefined;
        for (const command of this.#flying) prepare(command, source?.adapter as Adapter, unit.transaction);
      }
      // What was lost with nothing executed may leave again on another connection.
      while (!(await flown)) {
        const waiting = this.#flying.find(isUnsettled);
        if (!waiting) return;
        flown = this.#depart(unit.link ?? (await unit.connect(this.#toSignal, waiting.usePool)));
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): undefined {
    for (const command of this.#flying) command.reject(error);
  }

  // Made only where somebody can cancel: a controller costs more than a query.
  readonly #toSignal = (): AbortSignal => (this.#cancel ??= new AbortController()).signal;

  /** Sends what flies, without whom had given up before; false when it may have to leave again. */
  #depart(link: Link): MaybePromise<boolean> {
    const ready = this.#flying.filter(isUnsettled);
    const [first] = ready;
    if (!first) return true;
    const signal = first.disarm || this.isBounded ? this.#toSignal() : undefined;
    if (first.kind === "connect") return this.#finish(first, true, link, signal);
    const flown = this.#fly(ready, link, signal);
    return first.kind === "call" ? this.#finish(first, flown, link, signal) : flown;
  }

  async #finish(
    command: Command,
    flown: MaybePromise<boolean>,
    link: Link,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (!(await flown)) return false;
    if (!command.isSettled) command.resolve(await command.finish([], link, signal));
    return true;
  }

  /** Sends a flight; false when it was lost with nothing executed, and may leave again on another connection. */
  #fly(commands: readonly Command[], link: Link, signal: AbortSignal | undefined): MaybePromise<boolean> {
    const { transaction, host } = this.#unit;
    const flight = plan(commands, link, transaction, host.emit && host.clock.now());
    if (flight.steps.length === 0) return true;
    let sent: MaybePromise<StepOutcome[]>;
    link.source.flights++;
    try {
      sent = link.driver.send(flight, signal);
    } catch (error) {
      return this.#lose(flight, error);
    }
    return Array.isArray(sent)
      ? this.#land(flight, sent)
      : sent.then(
          (outcomes) => this.#land(flight, outcomes),
          (error: unknown) => this.#lose(flight, error),
        );
  }

  #tell({ steps, startedAt }: Plan, isOk: boolean): void {
    const { id: session, connection, host } = this.#unit;
    host.emit?.({
      type: "flight",
      session,
      connection,
      statements: toTexts(steps),
      durationMs: host.clock.now() - startedAt!,
      isOk,
    });
  }

  #lose(flight: Plan, error: unknown): boolean {
    this.#tell(flight, false);
    if (this.#unit.replaces(error, flight.setup > 0)) return false;
    const isUnsent = flight.commands[0]!.kind !== "commit" || (isDbError(error) && error.outcome === "not-executed");
    throw isUnsent ? error : this.#commitUnknown(error);
  }

  /** Takes note of what came back. The first `setup` and `ahead` outcomes are nobody's. */
  #land(flight: Plan, outcomes: readonly StepOutcome[]): boolean {
    const { commands, setup, ahead } = flight;
    const unit = this.#unit;
    const { transaction, link } = unit;
    const { kind, statements } = commands[0]!;
    const { state } = link!.driver;
    // The first that is not done.
    const found = outcomes.findIndex(isBad);
    const bad = found < 0 ? Infinity : found;
    this.#tell(flight, found < 0);
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
    this.#answer(flight, outcomes, bad, blocked);
    return true;
  }

  /** Hands each command its own results or its own error. */
  #answer({ commands, ahead }: Plan, outcomes: readonly StepOutcome[], bad: number, blocked: () => unknown): void {
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

function isUnsettled({ isSettled }: Command): boolean {
  return !isSettled;
}
