import type { Adapter } from "../contract/adapter.ts";
import { refuseUnsupported } from "./capability.ts";
import type { Command } from "./command.ts";
import { toStatement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

/** Checks and writes a command before a connection is taken for it, and settles what has nothing to send. */
export function prepare(command: Command, adapter: Adapter, transaction: Transaction): void {
  const { kind, scope } = command;
  const place = transaction.wanted ? "transaction" : "session";
  try {
    const statements = (command.statements = command.inputs.map((input) => toStatement(input, adapter, place)));
    if (kind !== "rollback" && kind !== "connect") {
      const refusal = transaction.refusal(statements[0]?.text);
      if (refusal) throw refusal;
      if (transaction.wanted && statements.length > 0) refuseUnsupported(adapter, transaction.wanted, scope);
    }
    const isSettling = kind === "commit" || kind === "rollback";
    if (statements.length > 0 || (isSettling ? transaction.isOpen : kind !== "batch")) return;
    if (isSettling) transaction.end();
    command.resolve(command.finish([], undefined!));
  } catch (error) {
    command.reject(error);
  }
}
