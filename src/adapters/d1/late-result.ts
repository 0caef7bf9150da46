import type { RawResult } from "../../contract/statement.ts";
import { unsupported } from "./errors.ts";

/** The result of a write that leaves at COMMIT: what it changed is known behind that, and asking before throws. */
export class LateResult implements RawResult {
  readonly columns: readonly string[] = [];
  readonly rows: RawResult["rows"] = [];
  readonly isLate = true;
  #result: RawResult | undefined;

  /** @throws DbError `TRANSACTION_UNSUPPORTED` before COMMIT. */
  get rowsAffected(): number {
    return this.#known("rowsAffected").rowsAffected;
  }

  /** @throws DbError `TRANSACTION_UNSUPPORTED` before COMMIT. */
  get lastInsertRowid(): number | bigint | undefined {
    return this.#known("lastInsertRowid").lastInsertRowid;
  }

  settle(result: RawResult): void {
    this.#result = result;
  }

  #known(what: string): RawResult {
    if (this.#result) return this.#result;
    throw unsupported(
      `${what} before COMMIT`,
      "read first and decide by that, send it with the commit (`session.commit(statement)`), look at the result behind it, " +
        "or use `tryWrites: true`",
    );
  }
}
