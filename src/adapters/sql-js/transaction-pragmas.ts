import type { BeginOptions } from "../../contract/adapter.ts";
import type { Statements } from "./statements.ts";

/** Pragmas that are set for one transaction, and set back behind it. */
export class TransactionPragmas {
  #isReadOnly = false;
  /** Whether foreign keys were on before this transaction turned them off; `undefined`: it did not. */
  #hadKeys: boolean | undefined;

  begin({ behavior, foreignKeys }: BeginOptions, statements: Statements): void {
    // Inside of a transaction, it would do nothing.
    const [[hadKeys] = []] = foreignKeys ? statements.execute("PRAGMA foreign_keys") : [];
    if (hadKeys) statements.set("foreign_keys=OFF");
    if (foreignKeys) this.#hadKeys = Boolean(hadKeys);
    statements.execute(`begin ${behavior ?? ""}`);
  }

  /** Once it has begun. */
  limit({ accessMode }: BeginOptions, statements: Statements): void {
    this.#setReadOnly(accessMode === "read only", statements);
  }

  /** @throws DbError for a foreign key that leads nowhere. */
  check(statements: Statements): void {
    if (this.#hadKeys !== undefined) statements.checkKeys();
  }

  end(statements: Statements): void {
    this.#setReadOnly(false, statements);
    if (this.#hadKeys) statements.set("foreign_keys=ON");
    this.#hadKeys = undefined;
  }

  #setReadOnly(isReadOnly: boolean, statements: Statements): void {
    if (isReadOnly !== this.#isReadOnly) statements.execute(`PRAGMA query_only=${isReadOnly}`);
    this.#isReadOnly = isReadOnly;
  }
}
