import type { Adapter, MaybePromise, StepOutcome } from "../contract/adapter.ts";
import type { Command } from "./command.ts";
import { arm, type DeadlineOptions } from "./deadline.ts";
import { plan } from "./flight.ts";
import { commitUnknown, land, lose } from "./landing.ts";
import type { Link } from "./link.ts";
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
   * @returns what the first of them was told, if there is one: that a commit in flight may have been done.
   */
  abort(scope: Scope, toReason: () => unknown): unknown {
    return this.unsettled(scope).map((command) => this.#giveUp(command, toReason()))[0];
  }

  /** Waits until nothing is in flight nor waiting. */
  async idle(): Promise<void> {
    if (this.#isRunning) await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  #giveUp(command: Command, reason: unknown): unknown {
    const error = command.kind === "commit" && command.isFlying ? commitUnknown(this.#unit, reason) : reason;
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
    if (first.kind === "connect") return this.#finish(first, true, link);
    const flown = this.#fly(ready, link, signal);
    return first.kind === "call" ? this.#finish(first, flown, link) : flown;
  }

  async #finish(command: Command, flown: MaybePromise<boolean>, link: Link): Promise<boolean> {
    if (!(await flown)) return false;
    if (!command.isSettled) command.resolve(await command.finish([], link));
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
      return lose(this.#unit, flight, error);
    }
    return Array.isArray(sent)
      ? land(this.#unit, flight, sent)
      : sent.then(
          (outcomes) => land(this.#unit, flight, outcomes),
          (error: unknown) => lose(this.#unit, flight, error),
        );
  }
}

function isUnsettled({ isSettled }: Command): boolean {
  return !isSettled;
}
