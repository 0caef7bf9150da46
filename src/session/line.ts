import type { Adapter, MaybePromise } from "../contract/adapter.ts";
import type { Lease } from "../pool/lease.ts";
import { sendPlain, type Sent, toPlainStep } from "./at-once.ts";
import { afterFlight, follow } from "./call.ts";
import { Command, hasDeadline, hasStatements, leavesAtOnce, toLand } from "./command.ts";
import { arm, type DeadlineOptions } from "./deadline.ts";
import { toDeparture } from "./departure.ts";
import type { Finish } from "./finish.ts";
import { sourceOf } from "./holder.ts";
import { announce, commitUnknown, land, lose } from "./landing.ts";
import type { Link, Origin } from "./link.ts";
import { prepare } from "./prepare.ts";
import { Queue } from "./queue.ts";
import type { Scope } from "./scope.ts";
import type { StatementInput } from "./statement.ts";
import { block } from "./turn-error.ts";
import type { Unit } from "./unit.ts";

/** As long as this, a flight in the air is something that is being done. */
const LONGEST_FLIGHT_MS = 30_000;

const NONE: readonly Command[] = [];

// The line comes as the value: functions of each line's own would be held while it waits.
const run = (line: Line): void => line.run();
const hop = (line: Line): void => void Promise.resolve(line).then(run);

/**
 * A session's commands, first come first served: what is asked in one tick leaves in one flight, and one flight at a time. It is
 * the queue itself: one of its own would be one more object for each session that waits.
 */
export class Line extends Queue {
  /** A signal or a deadline of the session's may cancel what is in flight. */
  isBounded = false;
  /** A deadline of the session's may do so. */
  isTimed = false;
  readonly #unit: Unit;
  #idlers: (() => void)[] | undefined;
  #flying: readonly Command[] = NONE;
  #origin: Origin | undefined;
  #cancel: AbortController | undefined;
  #isRunning = false;
  #order = 0;

  constructor(unit: Unit) {
    super();
    this.#unit = unit;
  }

  /** Sends a statement that nothing is ahead of to an engine that answers at once. @returns `undefined`: it has to be added. */
  ask<T>(scope: Scope, inputs: readonly StatementInput[], finish: Finish<T>): Promise<T> | undefined {
    if (this.#isRunning || this.isBounded || !this.isEmpty) return undefined;
    const step = toPlainStep(this.#unit, scope, inputs);
    if (!step) return undefined;
    // What the engine calls meanwhile, a function of the user's, may ask for more.
    this.#isRunning = true;
    this.#cancel = undefined;
    const sent = sendPlain(this.#unit, scope, step, finish);
    const command = sent.answer ? undefined : new Command("query", scope, inputs, finish);
    if (command) this.#flying = [command as Command];
    if (!command || this.#serve(sent)) this.run();
    return sent.answer ?? command!.promise;
  }

  add<T>(command: Command<T>, options?: DeadlineOptions): Promise<T> {
    if (options) {
      command.timeoutMs = options.timeoutMs;
      command.disarm = arm(
        options,
        "statement",
        this.#unit.host.clock,
        (reason) => this.#giveUp(command as Command, reason),
        () => command.isFlying,
      );
    }
    command.order = this.next();
    this.push(command as Command);
    this.wake(leavesAtOnce(command as Command, this.#unit.holder.link));
    return command.promise;
  }

  /** The next place in the order in which things are asked for. */
  next(): number {
    return ++this.#order;
  }

  /** A scope has ended: who waited for it may leave now. */
  wake(isAtOnce = false): void {
    if (this.#isRunning || this.isEmpty) return;
    this.#isRunning = true;
    if (isAtOnce) return this.run();
    // Two hops: `Promise.all()` subscribes to a query one microtask later; wait for it, so that both share a flight.
    void Promise.resolve<Line>(this).then(hop);
  }

  /** What was asked within a scope, and has no answer yet. */
  unsettled(scope: Scope): Command[] {
    if (this.#flying.length === 0 && this.isEmpty) return [];
    return [...this.#flying, ...this].filter(
      (command) => !command.isSettled && !command.isLast && scope.holds(command.scope),
    );
  }

  /** Something that was asked within a scope may be on its way to the server. */
  isFlying(scope: Scope): boolean {
    return this.#flying.some((command) => command.isFlying && scope.holds(command.scope));
  }

  /**
   * Ends what was asked within a scope: what waits never leaves, what flies is cancelled.
   *
   * @param toError - the error for one of them; told whether it may have been executed.
   * @returns what the first of them rejected with, if there is one: a commit in flight may have been done.
   */
  abort(scope: Scope, toError: (isFlying: boolean) => unknown): unknown {
    return this.unsettled(scope).map((command) => this.#giveUp(command, toError(command.isFlying)))[0];
  }

  /** Waits until nothing is in flight, nor can leave. */
  async idle(): Promise<void> {
    if (this.#isRunning) await new Promise<void>((resolve) => (this.#idlers ??= []).push(resolve));
  }

  #giveUp(command: Command, reason: unknown): unknown {
    const error =
      command.isFlying && this.#flying.at(-1)!.isCommit ? commitUnknown(this.#unit, command.scope, reason) : reason;
    command.reject(error);
    // Others in its flight go on, but for those of its transaction: with something of unknown outcome in it, that must not be kept.
    const isSpoiled = command.isFlying && !command.scope.isPlain;
    if (command.isTaken && (isSpoiled || this.#flying.every(({ isSettled }) => isSettled))) {
      this.#unit.holder.endWait?.(reason);
      this.#cancel?.abort(reason);
    }
    return error;
  }

  /**
   * Sends what may leave. Most flights of an engine in the same process are back already: not even a microtask is waited for them.
   * @internal
   */
  run(): void {
    let next: readonly Command[];
    for (;;) {
      const early = this.first?.ride?.wait();
      if (early) return void early.then(() => this.run());
      next = this.take(this.#unit.transaction);
      if (next.length === 0) break;
      this.#flying = next = (this.isEmpty && next[0]!.ride?.board(next)) || next;
      this.#cancel = undefined;
      if (!this.#serve()) return;
    }
    this.#flying = next;
    this.#isRunning = false;
    this.#touch(0);
    if (!this.isEmpty) block(this, this.#unit.host, (command, error) => this.#giveUp(command, error));
    if (this.#idlers) for (const resolve of this.#idlers.splice(0)) resolve();
  }

  /** @returns whether all of it is done; else `run()` goes on by itself once it is. */
  #serve(sent?: Sent): boolean {
    const { link } = this.#unit.holder;
    let flown: MaybePromise<boolean> | undefined;
    try {
      if (link) {
        this.#prepare(link.origin.adapter);
        flown = this.#depart(link, sent);
        if (flown === true && !this.#flying[0]!.after) return true;
      }
    } catch (error) {
      this.#refuse(error);
      return true;
    }
    void this.#serveLater(flown);
    return false;
  }

  /**
   * @param flown - whether what flies is done; `undefined` when there is no connection for it yet.
   * @param lease - the one that it has waited for.
   */
  async #serveLater(flown: MaybePromise<boolean> | undefined, lease?: Lease<Link>): Promise<void> {
    const unit = this.#unit;
    const { holder } = unit;
    try {
      if (lease) {
        const link = holder.take(lease);
        if (!link.isPrepared) await holder.prepare(link, this.#toSignal());
        flown = this.#depart(link);
      } else if (flown === undefined) {
        // Only what has statements asks for the source: to commit nothing needs no URL.
        if (!this.#origin && this.#flying.some(hasStatements)) await this.#source();
        this.#prepare(this.#origin?.adapter);
      }
      // What was lost with nothing executed may leave again on another connection.
      while (!(await flown)) {
        const waiting = toLand(this.#flying)[0];
        if (!waiting) break;
        // A connection that was given back is gone for good, and a session whose end has begun takes no other.
        if (waiting.link || unit.ending) throw unit.closedError(waiting.scope);
        if (!holder.link) {
          const origin = this.#source();
          const borrowed = holder.borrow(origin instanceof Promise ? await origin : origin, waiting.usePool);
          // This ends: the frame of an async function, held as long as it waits, is twice as much as these two.
          return void Promise.resolve(borrowed).then(this.#goOn.bind(this), this.#fail.bind(this));
        }
        flown = this.#depart(holder.link);
      }
      // Settled: it was given up, or refused.
      if (this.#flying[0]?.after) await follow(this.#flying, () => this.#toSignal());
    } catch (error) {
      this.#refuse(error);
    }
    this.#runNext();
  }

  #goOn(lease: Lease<Link>): void {
    void this.#serveLater(undefined, lease);
  }

  #fail(error: unknown): void {
    this.#refuse(error);
    this.#runNext();
  }

  // Who has asked hears of it first, and may ask for more, or throw: what waits is not sent then.
  #runNext(): void {
    void Promise.resolve<Line>(this).then(run);
  }

  #prepare(adapter: Adapter | undefined): void {
    for (const command of this.#flying) prepare(this.#unit, command, adapter);
  }

  #source(): MaybePromise<Origin> {
    if (this.#origin) return this.#origin;
    const found = (source: Origin): Origin => (this.#origin = source.redirect?.(this.#unit) ?? source);
    const source = sourceOf(this.#unit.host, () => this.#toSignal());
    return source instanceof Promise ? source.then(found) : found(source);
  }

  #refuse(error: unknown): void {
    for (const command of this.#flying) command.reject(error);
  }

  // Made only where somebody can cancel: a controller costs more than a query.
  #toSignal(): AbortSignal {
    return (this.#cancel ??= new AbortController()).signal;
  }

  /** Sends what flies, unless it was `sent` already, without whom had given up before; false when it may have to leave again. */
  #depart(link: Link, sent?: Sent): MaybePromise<boolean> {
    const ready = toLand(this.#flying);
    const first = ready[0];
    if (!first) return true;
    this.#touch(LONGEST_FLIGHT_MS);
    const signal = this.isBounded || ready.some(hasDeadline) ? this.#toSignal() : undefined;
    if (first.kind === "connect") return afterFlight(this.#unit, first, true, link);
    const flown = this.#fly(ready, link, signal, sent);
    return first.kind === "call" ? afterFlight(this.#unit, first, flown, link) : flown;
  }

  /** Sends a flight; false when it was lost with nothing executed, and may leave again on another connection. */
  #fly(commands: readonly Command[], link: Link, signal: AbortSignal | undefined, sent?: Sent): MaybePromise<boolean> {
    const { transaction, host, options } = this.#unit;
    const startedAt = sent ? sent.startedAt : host.emit && host.clock.now();
    const departure = toDeparture(commands, link, transaction, options, startedAt);
    if (departure.flight.steps.length === 0) return true;
    link.origin.flights++;
    if (!sent) announce(this.#unit, departure);
    let outcomes: Sent["sent"];
    try {
      outcomes = sent ? sent.sent : link.driver.send(departure.flight, signal);
    } catch (error) {
      return lose(this.#unit, departure, error);
    }
    return Array.isArray(outcomes)
      ? land(this.#unit, departure, outcomes)
      : outcomes.then(
          (landed) => land(this.#unit, departure, landed),
          (error: unknown) => lose(this.#unit, departure, error),
        );
  }

  #touch(forMs: number): void {
    const { holder, host } = this.#unit;
    if (holder.link?.usedAt) holder.link.usedAt = host.clock.now() + forMs;
  }
}
