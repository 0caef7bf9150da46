import type { Adapter, StepOutcome } from "../contract/adapter.ts";
import { DbError, isDbError } from "../errors.ts";
import { checkCapabilities } from "./capability.ts";
import type { Command } from "./command.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { type Plan, planFlight, settle } from "./flight.ts";
import { connectionName } from "./life.ts";
import { type Link, toTexts } from "./link.ts";
import type { Scope } from "./scope.ts";
import { toStatement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";
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

  add<T>(command: Command<T>, options: DeadlineOptions = {}): Promise<T> {
    command.bound(options, this.#unit.host.clock, (reason) => this.#giveUp(command as Command, reason));
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
    const answers = await Promise.allSettled(this.#unsettled(scope).map(({ promise }) => promise));
    for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
  }

  /** Waits until nothing is in flight nor waiting. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #unsettled(scope: Scope | undefined): Command[] {
    const all = [...this.#flying, ...this.#waiting];
    return all.filter((command) => !command.isSettled && (scope === undefined || command.scope === scope));
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
      this.#flying = this.#take();
      try {
        await this.#serve(this.#flying);
      } catch (error) {
        for (const command of this.#flying) command.reject(error);
      }
      this.#flying = [];
    }
    this.#running = undefined;
  }

  // A transaction's parts keep their order, and a flight holds statements of one scope only.
  #take(): Command[] {
    const [first] = this.#waiting as [Command];
    const end = first.isAlone ? 1 : this.#waiting.findIndex(({ isAlone, scope }) => isAlone || scope !== first.scope);
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #serve(commands: Command[]): Promise<void> {
    const known = this.#unit.host.source();
    const { adapter } = known instanceof Promise ? await known : known;
    const ready = commands.filter((command) => !command.isSettled && this.#prepare(command, adapter));
    const [first] = ready;
    if (first === undefined) return;
    // A controller costs more than a query: only where somebody can cancel.
    const cancel = (this.#cancel = first.isAlone || this.#unit.isBounded ? new AbortController() : undefined);
    if (first.kind === "connect") {
      if (this.#unit.link === undefined) await this.#unit.acquire({ signal: cancel?.signal, usePool: first.usePool });
      return first.resolve([]);
    }
    await this.#fly(ready, cancel?.signal);
    if (first.call !== undefined && !first.isSettled) first.fulfil(await first.call(this.#unit.link!, cancel?.signal));
  }

  /** Checks and writes a command's statements before a connection is taken; false when there is nothing to send. */
  #prepare(command: Command, adapter: Adapter): boolean {
    const { transaction } = this.#unit;
    try {
      if (command.kind === "rollback") {
        if (transaction.state === "open" || transaction.state === "failed") return true;
        transaction.end();
      } else {
        command.statements = command.inputs.map((input) => toStatement(input, adapter));
        checkCapabilities(command, transaction, adapter);
        const refusal = transaction.refusal(command.statements[0]?.text);
        if (refusal !== undefined && command.kind !== "connect") throw refusal;
        if (!isNothing(command, transaction)) return true;
      }
      command.resolve([]);
    } catch (error) {
      command.reject(error);
    }
    return false;
  }

  async #fly(commands: Command[], signal: AbortSignal | undefined): Promise<void> {
    const unit = this.#unit;
    for (;;) {
      const link = unit.link ?? (await unit.acquire({ signal }));
      const plan = planFlight(commands, unit.transaction);
      const setup = link.pendingSetup.length;
      if (setup + plan.flight.steps.length === 0) return;
      const land = this.#depart(link, plan);
      let outcomes: StepOutcome[];
      try {
        for (const command of commands) command.isFlying = true;
        const sent = link.send(plan.flight, signal);
        outcomes = sent instanceof Promise ? await sent : sent;
      } catch (error) {
        land(false);
        if (unit.replaces(error, link)) continue;
        throw commands[0]!.kind === "commit" ? toCommitError(error, unit) : error;
      }
      link.hasFlown = true;
      this.#land(commands, plan, outcomes, setup, link);
      land(outcomes.every(({ status }) => status === "done"));
      return;
    }
  }

  /** Counts and tells the flight; the clock is read only when somebody listens. */
  #depart(link: Link, { flight }: Plan): (isOk: boolean) => void {
    const { host, id, connection } = this.#unit;
    link.source.flights++;
    if (host.emit === undefined) return () => undefined;
    const startedAt = host.clock.now();
    const statements = toTexts([...link.pendingSetup, ...flight.steps]);
    return (isOk) => {
      const durationMs = host.clock.now() - startedAt;
      this.#unit.emit({ type: "flight", session: id, connection, statements, durationMs, isOk });
    };
  }

  #land(commands: Command[], plan: Plan, outcomes: StepOutcome[], setup: number, link: Link): void {
    const { transaction, id } = this.#unit;
    const [first] = commands as [Command];
    const ahead = setup + plan.ahead;
    const failure = outcomes.find((outcome) => outcome.status === "failed");
    const hasPassed = outcomes.slice(0, ahead).every(({ status }) => status === "done");
    const wasOpen = transaction.state !== "none";
    if (first.kind === "commit" || first.kind === "rollback") {
      const isDone = outcomes.at(-1)?.status === "done";
      if (isDone) this.#unit.emit({ type: first.kind, session: id });
      if (isDone || (first.kind === "rollback" && link.driver.state === "idle")) transaction.end();
      else transaction.land(link.driver.state, first.scope, hasPassed, failure?.error);
    } else {
      transaction.land(link.driver.state, first.scope, hasPassed, failure?.error);
      if (!wasOpen && transaction.state !== "none") this.#unit.emit({ type: "begin", session: id });
    }
    const blocked = (): unknown => transaction.refusal(first.statements[0]?.text) ?? failure?.error;
    if (!hasPassed) for (const command of commands) command.reject(blocked());
    else if (first.kind !== "call") settle(commands, outcomes.slice(ahead), blocked);
  }
}

function isNothing({ kind, statements }: Command, { state }: Transaction): boolean {
  return statements.length === 0 && (kind === "batch" || (kind === "commit" && state === "none"));
}

// Whether a COMMIT took effect cannot be known when its answer was lost; it is never sent again.
function toCommitError(error: unknown, unit: Unit): unknown {
  if (isDbError(error) && error.outcome === "not-executed") return error;
  return new DbError(
    "COMMIT_UNKNOWN",
    "the connection was lost before COMMIT was answered: look at the data before doing the work again",
    { session: connectionName(unit) },
    { cause: error, outcome: "unknown" },
  );
}
