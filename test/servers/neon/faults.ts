import type { Fault } from "./options.ts";

/** What a fault may ask for. */
export interface Meeting {
  readonly on: Fault["on"];
  readonly sql: readonly string[];
  readonly messages: string;
}

/** In place of a statement that is to be refused: PostgreSQL does so itself, whatever its parameters are. */
const REFUSED = "SELECT no_such_function_of_this_test()";

/** What is to go wrong, in the order in which it was asked for. */
export class Faults {
  #faults: { readonly fault: Fault; after: number; times: number }[] = [];
  /** Some have happened of which nobody was told. */
  #isNew = false;
  #waiting: (() => void)[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults = [];
    this.#tell();
    this.#isNew = false;
  }

  /** Resolves with the next one that happens, or with one since the last call; and with `clear()`. */
  met(): Promise<void> {
    const isNew = this.#isNew;
    this.#isNew = false;
    return isNew ? Promise.resolve() : new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** The fault that is met now, if any. */
  take({ on, sql, messages }: Meeting): Fault | undefined {
    for (const entry of this.#faults) {
      const { fault } = entry;
      const isMeant =
        fault.on === on &&
        !(fault.spares && sql.every((text) => text.startsWith(fault.spares!))) &&
        (fault.sql === undefined || sql.some((text) => text.includes(fault.sql!))) &&
        messages.includes(fault.message ?? "");
      if (!isMeant || entry.after-- > 0) continue;
      if (--entry.times <= 0) this.#faults = this.#faults.filter((other) => other !== entry);
      this.#isNew = this.#waiting.length === 0;
      this.#tell();
      return fault;
    }
    return undefined;
  }

  /** The text that runs in place of this one. A COMMIT is what it is: only constraints may refuse it. */
  textFor(text: string): string {
    const isMeant = text !== "COMMIT" && this.take({ on: "statement", sql: [text], messages: "" }) !== undefined;
    return isMeant ? REFUSED : text;
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
