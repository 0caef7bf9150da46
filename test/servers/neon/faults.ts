import type { Fault } from "./options.ts";

/** What a fault may ask for. */
export interface Meeting {
  readonly on: Fault["on"];
  readonly sql: readonly string[];
  readonly messages: string;
}

/** What is to go wrong, in the order in which it was asked for. */
export class Faults {
  #faults: { readonly fault: Fault; after: number; times: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The fault that is met now, if any. */
  take({ on, sql, messages }: Meeting): Fault | undefined {
    for (const entry of this.#faults) {
      const { fault } = entry;
      const isMeant =
        fault.on === on &&
        (fault.sql === undefined || sql.some((text) => text.includes(fault.sql!))) &&
        messages.includes(fault.message ?? "");
      if (!isMeant || entry.after-- > 0) continue;
      if (--entry.times <= 0) this.#faults = this.#faults.filter((other) => other !== entry);
      return fault;
    }
    return undefined;
  }
}
