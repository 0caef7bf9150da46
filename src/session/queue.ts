import type { Command } from "./command.ts";
import type { Scope } from "./scope.ts";
import type { Transaction } from "./transaction.ts";

const NONE: Command[] = [];

/** What a session was asked, and has not sent yet; in order. */
export class Queue implements Iterable<Command> {
  #commands: Command[] = NONE;
  /** Those before it have left: to take one from the front costs the same however many stand behind. */
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#commands.length;
  }

  get first(): Command | undefined {
    return this.#commands[this.#head];
  }

  // Written out for one: an array that grows by `push()` makes room for seventeen.
  push(command: Command): void {
    if (!this.isEmpty) return void this.#commands.push(command);
    this.#commands = [command];
    this.#head = 0;
  }

  /** Takes what flies next: the first that may leave, and the statements of the same scope right behind it; `[]`: none may. */
  take(transaction: Transaction): readonly Command[] {
    if (this.isEmpty) return NONE;
    const commands = this.#commands;
    // Nearly always, and nothing is looked for.
    if (commands.length === 1 && !isSettling(commands[0]!))
      return mayLeave(commands[0]!, transaction) ? this.#remove(0, 1) : this.#none();
    const settling: Command[] = [];
    let from = this.#head;
    for (; from < commands.length; from++) {
      const command = commands[from]!;
      if (isSettling(command)) settling.push(command);
      if (mayLeave(command, transaction) && !settling.some((each) => isHeldBy(command, each))) break;
    }
    const first = commands[from];
    if (!first) return this.#none();
    let to = from + 1;
    if (first.kind === "query") while (to < commands.length && isCompanion(commands[to]!, first)) to++;
    return this.#remove(from, to);
  }

  #none(): readonly Command[] {
    this.#tidy();
    return NONE;
  }

  #remove(from: number, to: number): Command[] {
    let taken: Command[];
    const commands = this.#commands;
    if (from === 0 && to === commands.length) {
      taken = commands;
      this.#commands = NONE;
    } else if (from === this.#head) {
      taken = commands.slice(from, to);
      this.#head = to;
      if (to > 1_000 && to * 2 > commands.length) this.#tidy();
    } else taken = commands.splice(from, to - from);
    if (this.#head > 0 && this.#head === this.#commands.length) this.#tidy();
    for (const command of taken) {
      command.isTaken = true;
      command.unblock?.();
    }
    return taken;
  }

  // Those who gave up in the line are dropped with those who have left.
  #tidy(): void {
    this.#commands = this.#commands.slice(this.#head).filter(({ isSettled }) => !isSettled);
    this.#head = 0;
  }

  *[Symbol.iterator](): Generator<Command, void> {
    for (let index = this.#head; index < this.#commands.length; index++) yield this.#commands[index]!;
  }
}

function mayLeave({ kind, scope, isSettled, link }: Command, transaction: Transaction): boolean {
  if (isSettled) return false;
  // To have a connection, or to read on from a stream, nothing need be begun.
  return kind === "connect" || (link && transaction.isWithin(scope)) || transaction.lets(scope);
}

/** Commits or rolls back, ahead of others. The parts of a session that is taken back go with it. */
function isSettling({ kind, scope, isSettled, isLast }: Command): boolean {
  return (kind === "commit" || kind === "rollback") && !isLast && !isSettled && !scope.isUndone;
}

/**
 * What settles a scope waits for the parts inside it that were asked for before: half of one must be neither kept nor undone.
 * What is asked for after it, in that scope or in a part of it, stays behind it.
 */
function isHeldBy(command: Command, settling: Command): boolean {
  const { scope: settled, order } = settling;
  if (command !== settling) return command.scope === settled || partOf(command.scope, settled, order);
  if (settled.parts) for (const part of settled.parts) if (part < order) return true;
  return false;
}

/** Whether a scope is, or is inside, a part of `whole` that was asked for after `order`. */
function partOf(scope: Scope, whole: Scope, order: number): boolean {
  if (scope.parent === undefined) return false;
  return scope.parent === whole ? scope.order > order : partOf(scope.parent, whole, order);
}

function isCompanion({ kind, scope, timeoutMs, chain }: Command, first: Command): boolean {
  return kind === first.kind && scope === first.scope && timeoutMs === first.timeoutMs && chain === first.chain;
}
