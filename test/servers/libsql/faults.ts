import type { Fault, SeenRequest } from "./options.ts";

/** What is to go wrong, in the order in which it was asked for. */
export class Faults {
  #faults: { readonly fault: Fault; after: number; times: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The fault that this request meets, if any. */
  take(request: Pick<SeenRequest, "path" | "sql">): Fault | undefined {
    for (const entry of this.#faults) {
      const { sql, path = "" } = entry.fault;
      const isMeant =
        request.path.endsWith(path) && (sql === undefined || request.sql.some((text) => text.includes(sql)));
      if (!isMeant || entry.after-- > 0) continue;
      if (--entry.times <= 0) this.#faults = this.#faults.filter((other) => other !== entry);
      return entry.fault;
    }
    return undefined;
  }
}
