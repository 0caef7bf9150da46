import type { RowStream } from "../contract/adapter.ts";
import type { Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";
import { Command } from "./command.ts";
import type { StreamRowsOptions } from "./queryable.ts";
import { toRows } from "./rows.ts";
import type { Scope } from "./scope.ts";
import type { StatementInput } from "./statement.ts";
import type { Unit } from "./unit.ts";

/** Reads a statement's rows in batches; between two of them, other statements of the session may run. */
export async function* streamRows<R = Row>(
  unit: Unit,
  scope: Scope,
  input: StatementInput,
  { batchSize = 100, signal }: StreamRowsOptions,
): AsyncGenerator<R, void, undefined> {
  checkNumber("batchSize", batchSize, 1);
  const stream = await openStream(unit, scope, input, batchSize, signal);
  unit.streams.add(stream);
  try {
    for (;;) {
      const batch = await step(unit, scope, signal, () => stream.next());
      if (batch.done === true) return;
      yield* toRows<R>(batch.value);
    }
  } finally {
    // A stream that its session has ended already is not touched again: the connection is somebody else's by now.
    if (unit.streams.delete(stream)) await step(unit, scope, undefined, () => stream.return());
  }
}

function openStream(unit: Unit, scope: Scope, input: StatementInput, batchSize: number, signal: AbortSignal | undefined): Promise<RowStream> {
  const command = new Command<RowStream>("call", scope, [input]);
  command.call = ({ driver, source: { adapter } }, cancel) => {
    if (driver.stream !== undefined) return driver.stream(command.statements[0]!, { batchSize, signal: signal ?? cancel });
    const { name } = adapter;
    throw new DbError("TRANSACTION_UNSUPPORTED", `${name} cannot stream: use query()`, { adapter: name, wanted: "streams" });
  };
  return unit.line.add(command, { signal });
}

function step<T>(unit: Unit, scope: Scope, signal: AbortSignal | undefined, call: () => T | Promise<T>): Promise<T> {
  if (unit.closed !== undefined) return Promise.reject(unit.closed());
  const command = new Command<T>("call", scope);
  command.call = call;
  return unit.line.add(command, { signal });
}
