import type { Adapter } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";
import type { Command } from "./command.ts";
import type { Scope } from "./scope.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Refuses what the adapter cannot do, before anything is sent: never a silent autocommit.
 *
 * @throws DbError `TRANSACTION_UNSUPPORTED`
 */
export function checkCapabilities(command: Command, { isWanted, options }: Transaction, { name, capabilities }: Adapter): void {
  const { transactions, savepoints, isolationLevels } = capabilities;
  const { isolationLevel: level } = options;
  const isBatch = command.kind === "batch" && command.statements.length > 1;
  if (isWanted && transactions !== "interactive") {
    throw unsupported(name, "an interactive transaction", "use batch([…]), or a session with `transaction: false`");
  }
  if (isBatch && transactions === "none") throw unsupported(name, "an atomic batch", "send the statements one by one");
  if (isWanted && level !== undefined && !isolationLevels.includes(level)) {
    throw unsupported(name, `isolation level \`${level}\``, `it offers ${isolationLevels.join(", ") || "none to choose"}`);
  }
  if (!savepoints && isWanted && (isBatch || isNested(command.scope))) {
    throw unsupported(name, "a nested transaction", 'use propagation "required" or "requires-new"');
  }
}

function isNested(scope: Scope): boolean {
  return scope.kind === "nested" || (scope.parent !== undefined && isNested(scope.parent));
}

function unsupported(adapter: string, wanted: string, remedy: string): DbError {
  return new DbError("TRANSACTION_UNSUPPORTED", `${adapter} has no ${wanted}: ${remedy}`, { adapter, wanted });
}
