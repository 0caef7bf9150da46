import type { Adapter, StepOutcome } from "../contract/adapter.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Command } from "./command.ts";
import { armDeadline, type DeadlineOptions } from "./deadline.ts";
import { settle, toSteps, toUndo } from "./flight.ts";
import { toTexts } from "./link.ts";
import { connectionName } from "./names.ts";
import type { Scope } from "./scope.ts";
import { toStatement } from "./statement.ts";
import type { Unit } from "./unit.ts";

/** A session's commands, first come first served: what is asked in one tick leaves in one flight, and one flight at a time. */
export class Line {
  readonly #unit: Unit;
  #waiting: Command[] = [];
  #flying: Command[] = [];
  #cancel: AbortController | undefined;
  #running: Promise<void> | undefined;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  add<T>(command: Command<T>, options?: DeadlineOptions): Promise<T> {
    const giveUp = (reason: unknown): void => this.#giveUp(command as Command, reason);
    command.onSettle = options && armDeadline(options, "statement", this.#unit.host.clock, giveUp, () => command.isFlying);
    command.isAlone ||= command.onSettle !== undefined;
    this.#waiting.push(command as Command);
    this.#running ??= this.#run();
    return command.promise;
  }

  /** Ends what has not been answered yet, of one scope if given: what waits never leaves, what flies is cancelled. */
  abort(reason: unknown, scope?: Scope): void {
    for (const command of this.#unsettled(scope)) this.#giveUp(command, reason);
  }

  /** Waits for the answers to all that was asked, of one scope if given; rejects with the first failure among them. */
  async drain(scope?: Scope): Promise<void> {
    for (const answer of await Promise.allSettled(this.#unsettled(scope).map(({ promise }) => promise))) {
      if (answer.status === "rejected") throw answer.reason;
    }
  }

  /** Waits until nothing is in flight nor waiting. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #unsettled(scope: Scope | undefined): Command[] {
    return [...this.#flying, ...this.#waiting].filter((command) => !command.isSettled && (scope ?? command.scope) === command.scope);
  }

  #giveUp(command: Command, reason: unknown): void {
    command.reject(reason);
    if (this.#flying.includes(command)) this.#cancel?.abort(reason);
  }

  async #run(): Promise<void> {
    // Two hops: a query that Promise.all() starts to await in this tick asks one hop later, and shares the flight.
    await null;
    await null;
    while (this.#waiting.length > 0) {
      // A flight holds statements of one scope only.
      const [first] = this.#waiting as [Command];
      const end = first.isAlone ? 1 : this.#waiting.findIndex(({ isAlone, scope }) => isAlone || scope !== first.scope);
      this.#flying = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
      try {
        await this.#serve(this.#flying);
      } catch (error) {
        for (const command of this.#flying) command.reject(error);
      }
    }
    this.#flying = [];
    this.#running = undefined;
  }

  async #serve(commands: Command[]): Promise<void> {
    const unit = this.#unit;
    const source = unit.host.source();
    const { adapter } = "then" in source ? await source : source;
    const ready = commands.filter((command) => this.#prepare(command, adapter));
    const [first] = ready;
    if (first === undefined) return;
    // A controller costs more than a query: only where somebody can cancel.
    this.#cancel = first.isAlone || unit.isBounded ? new AbortController() : undefined;
    const signal = this.#cancel?.signal;
    if (first.kind === "connect") {
      await unit.connect(signal, first.usePool);
      return first.resolve([]);
    }
    while (!(await this.#fly(ready, signal)));
    if (first.call !== undefined && !first.isSettled) first.fulfil(await first.call(unit.link!, signal));
  }

  /** Checks and writes a command before a connection is taken for it; false when there is nothing to send. */
  #prepare(command: Command, adapter: Adapter): boolean {
    const { transaction } = this.#unit;
    const { kind } = command;
    if (command.isSettled) return false;
    try {
      command.statements = command.inputs.map((input) => toStatement(input, adapter));
      if (kind !== "rollback" && kind !== "connect") {
        const refusal = transaction.refusal(command.statements[0]?.text) ?? unsupported(adapter, this.#unit);
        if (refusal !== undefined) throw refusal;
      }
      const isOpen = transaction.state === "open" || transaction.state === "failed";
      const isNothing = kind === "rollback" ? !isOpen : command.statements.length === 0 && (kind === "batch" || (kind === "commit" && !isOpen));
      if (!isNothing) return true;
      if (kind === "rollback") transaction.end();
      command.resolve([]);
    } catch (error) {
      command.reject(error);
    }
    return false;
  }

  /** Sends a flight; false when it was lost with nothing executed, and may leave again on another connection. */
  async #fly(commands: Command[], signal: AbortSignal | undefined): Promise<boolean> {
    const unit = this.#unit;
    const { transaction, host } = unit;
    const [first] = commands as [Command];
    const link = await unit.connect(signal);
    const isGuarded = transaction.wanted !== undefined;
    const ahead = first.kind === "rollback" ? [] : [...transaction.ahead()];
    for (const command of commands) {
      command.steps = toSteps(command, isGuarded);
      command.isFlying = true;
    }
    const steps = [...ahead, ...commands.flatMap((command) => command.steps)];
    const { length } = link.pendingSetup;
    if (length + steps.length === 0) return true;
    const told = host.emit && { at: host.clock.now(), statements: toTexts([...link.pendingSetup, ...steps]) };
    const tell = (isOk: boolean): void => {
      if (told === undefined) return;
      const durationMs = host.clock.now() - told.at;
      unit.emit({ type: "flight", session: unit.id, connection: unit.connection, statements: told.statements, durationMs, isOk });
    };
    link.source.flights++;
    try {
      const sent = link.send({ steps, undo: toUndo(first, isGuarded) }, signal);
      const outcomes = Array.isArray(sent) ? sent : await sent;
      tell(outcomes.every(({ status }) => status === "done"));
      this.#land(commands, outcomes, length, ahead.length);
    } catch (error) {
      tell(false);
      if (unit.replaces(error)) return false;
      throw first.kind === "commit" ? toCommitError(error, unit) : error;
    }
    return true;
  }

  #land(commands: Command[], outcomes: StepOutcome[], setup: number, ahead: number): void {
    const unit = this.#unit;
    const { transaction, id, link } = unit;
    const [{ kind, statements }] = commands as [Command];
    const { state } = link!.driver;
    const isDone = (from: number, to?: number): boolean => outcomes.slice(from, to).every(({ status }) => status === "done");
    const hasPassed = isDone(0, setup + ahead);
    const failure = outcomes.find((outcome) => outcome.status === "failed")?.error;
    if (hasPassed && transaction.state === "none" && transaction.wanted) unit.emit({ type: "begin", session: id });
    if ((kind === "commit" || kind === "rollback") && (isDone(-1) || (kind === "rollback" && state === "idle"))) {
      transaction.end();
      unit.emit({ type: kind, session: id });
    } else transaction.land(state, hasPassed, failure);
    const blocked = (): unknown => transaction.refusal(statements[0]?.text) ?? failure;
    if (!hasPassed) for (const command of commands) command.reject(blocked());
    else if (kind !== "call") settle(commands, outcomes.slice(setup + ahead), blocked);
    // Half set up, nobody may see it.
    if (!isDone(0, setup)) unit.drop(failure);
  }
}

// Said before anything is sent: never a silent autocommit.
function unsupported({ name, capabilities }: Adapter, { transaction: { wanted } }: Unit): DbError | undefined {
  if (wanted === undefined) return undefined;
  const { transactions, isolationLevels } = capabilities;
  const level = wanted.isolationLevel;
  const isKnown = level === undefined || isolationLevels.includes(level);
  if (transactions === "interactive" && isKnown) return undefined;
  const what = isKnown ? "interactive transactions" : `isolation level \`${level}\``;
  const remedy = isKnown ? "use batch([…]), or a session with `transaction: false`" : `choose from ${isolationLevels.join(", ")}`;
  return new DbError("TRANSACTION_UNSUPPORTED", `${name} has no ${what}: ${remedy}`, { adapter: name, wanted: what });
}

// Whether a COMMIT took effect cannot be known when its answer was lost; it is never sent again.
function toCommitError(cause: unknown, unit: Unit): unknown {
  if (isDbError(cause) && cause.outcome === "not-executed") return cause;
  const message = "COMMIT was sent, its answer was lost: look at the data before doing the work again";
  return new DbError("COMMIT_UNKNOWN", message, { session: connectionName(unit) }, { cause, outcome: "unknown" });
}
