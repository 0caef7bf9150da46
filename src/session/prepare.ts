import type { Adapter, StatementPlace } from "../contract/adapter.ts";
import type { Statement } from "../contract/statement.ts";
import { refuseUnsupported } from "./capability.ts";
import type { Command } from "./command.ts";
import { equalNameIn } from "./equal-names.ts";
import { settle } from "./landing.ts";
import { equalNames, named, toNothing, toResults } from "./rows.ts";
import { refuseFailed, type Scope } from "./scope.ts";
import { type StatementInput, toStatement } from "./statement.ts";
import type { Unit } from "./unit.ts";

/**
 * Checks and writes a command before a connection is taken for it, and settles what has nothing to send.
 *
 * @param adapter - may be absent for a command without statements.
 */
export function prepare(unit: Unit, command: Command, adapter: Adapter | undefined): void {
  const { kind, scope, link, chain } = command;
  // One by one, it would not have been asked.
  if (chain?.failed) return command.reject(chain.failed.error);
  if (command.isRiding) return;
  const { transaction, holder } = unit;
  try {
    // It was to read on a connection that was given back: another one knows nothing of it.
    if (link && link !== holder.link) throw unit.closedError(scope);
    const inputs = inputsOf(command, adapter);
    const statements = (command.statements = toStatements(command, inputs, adapter!, placeOf(unit, scope, inputs)));
    if (kind !== "rollback" && kind !== "connect") {
      const refusal = transaction.refusal(scope, statements[0]?.text);
      if (refusal) throw refusal;
      // Rolled back with the session in the meantime.
      if (kind === "commit" && scope.isUndone) throw unit.closedError(scope);
      if (kind === "commit") refuseFailed(scope);
      if (!scope.isPlain && statements.length > 0) refuseUnsupported(adapter!, scope);
    }
    const isSettling = kind === "commit" || kind === "rollback";
    if (statements.length > 0 || (isSettling ? transaction.holds(scope) : kind !== "batch")) return;
    if (isSettling) settle(unit, command);
    command.land([], undefined!);
  } catch (error) {
    command.reject(error);
  }
}

function inputsOf({ inputs, finish }: Command, adapter: Adapter | undefined): readonly StatementInput[] {
  return (finish === toNothing && adapter!.split?.(inputs[0] as string)) || inputs;
}

function toStatements(
  { kind, finish }: Command,
  inputs: readonly StatementInput[],
  adapter: Adapter,
  place: StatementPlace,
): readonly Statement[] {
  const [first] = inputs;
  if (kind === "query") {
    const statement = toStatement(first!, adapter, place);
    // Nearly always it is written as it was given, and the list is our own: it need not be held twice.
    return statement === first ? (inputs as Statement[]) : [statement];
  }
  let before: string | undefined;
  return inputs.map((input, index) => {
    try {
      const statement = toStatement(input, adapter, place);
      const { text } = statement;
      // Lists are mostly of one text.
      const name = finish === toResults && text !== before ? equalNameIn(text) : undefined;
      if (name !== undefined) throw equalNames(name, text, "not-executed");
      before = text;
      return statement;
    } catch (error) {
      throw named(error, kind, index, inputs.length);
    }
  });
}

export function placeOf(
  { options, holder: { link } }: Unit,
  { isPlain }: Scope,
  inputs: readonly StatementInput[],
): StatementPlace {
  if (!isPlain || inputs.length > 1) return "transaction";
  if (link && !link.isPrepared) return "setup";
  return options.isLone ? "autocommit" : "session";
}
