import type { Fault, SeenRequest } from "./options.ts";
import type { WireBody } from "./wire.ts";

/** In place of a statement: no such function. */
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

  /** The fault that this request meets, if any. */
  take(request: Pick<SeenRequest, "path" | "sql">): Fault | undefined {
    return this.#take(request, false);
  }

  /** Puts what SQLite itself refuses in the place of statements that are to be. */
  refuse({ batch, requests = [] }: WireBody, path: string): void {
    const batches = requests.flatMap((request) => (request.type === "batch" ? request.batch : []));
    const steps = (batch ? [...batches, batch] : batches).flatMap((each) => each.steps);
    for (const part of [...requests, ...steps]) {
      if (!("stmt" in part) || typeof part.stmt.sql !== "string") continue;
      if (this.#take({ path, sql: [part.stmt.sql] }, true)) (part.stmt as { sql: string }).sql = REFUSED;
    }
  }

  #take(request: Pick<SeenRequest, "path" | "sql">, isStatement: boolean): Fault | undefined {
    for (const entry of this.#faults) {
      const { sql, path = "", action } = entry.fault;
      const isMeant =
        (action === "refuse") === isStatement &&
        request.path.endsWith(path) &&
        (sql === undefined || request.sql.some((text) => text.includes(sql)));
      if (!isMeant || entry.after-- > 0) continue;
      if (--entry.times <= 0) this.#faults = this.#faults.filter((other) => other !== entry);
      // Then it has not happened yet.
      if (action !== "hang-after") this.happen();
      return entry.fault;
    }
    return undefined;
  }

  /** One has done what it does. */
  happen(): void {
    this.#isNew = this.#waiting.length === 0;
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
