import type { Command } from "./command.ts";
import type { Scope } from "./scope.ts";
import type { Transaction } from "./transaction.ts";

/** What a session was asked, and has not sent yet; in order. */
export class Queue implements Iterable<Command> {
  #commands: Command[] = [];
  /** Those before it have left: to take one from the front costs the same however many stand behind. */
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#commands.length;
  }

  push(command: Command): void {
    this.#commands.push(command);
  }

  /** Takes what flies next: the first that may leave, and the statements of the same scope right behind it; `[]`: none may. */
  take(transaction: Transaction): Command[] {
    const commands = this.#commands;
    let from = this.#head;
    while (from < commands.length && !this.#mayLeave(from, transaction)) from++;
    const first = commands[from];
    if (!first) {
      this.#tidy();
      return [];
    }
    let to = from + 1;
    if (!first.isAlone) while (to < commands.length && isCompanion(commands[to]!, first)) to++;
    return this.#remove(from, to);
  }

  #mayLeave(index: number, transaction: Transaction): boolean {
    const { kind, scope, isSettled } = this.#commands[index]!;
    // To have a connection, one need not be in a transaction; and what is not open need not be rolled back.
    const needsNoTurn = kind === "connect" || (kind === "rollback" && !transaction.holds(scope));
    if (isSettled || (!needsNoTurn && !transaction.lets(scope))) return false;
    // What settles a scope waits for the parts inside it, and what is asked in that scope after it stays behind it.
    for (let each = index; each >= this.#head; each--) if (isWaiting(this.#commands[each]!, scope)) return false;
    return true;
  }

  #remove(from: number, to: number): Command[] {
    let taken: Command[];
    const commands = this.#commands;
    if (from === 0 && to === commands.length) {
      taken = commands;
      this.#commands = [];
    } else if (from === this.#head) {
      taken = commands.slice(from, to);
      this.#head = to;
      if (to > 1_000 && to * 2 > commands.length) this.#tidy();
    } else taken = commands.splice(from, to - from);
    if (this.#head === this.#commands.length) this.#tidy();
    for (const command of taken) command.isTaken = true;
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

/** It settles a scope in which parts are still under way: half of a transaction must be neither kept nor undone. */
function isWaiting({ kind, scope, isSettled, isLast }: Command, of: Scope): boolean {
  const isSettling = kind === "commit" || kind === "rollback";
  return isSettling && !isLast && !isSettled && scope === of && scope.parts > 0;
}

function isCompanion({ isAlone, scope }: Command, first: Command): boolean {
  return !isAlone && scope === first.scope;
}
