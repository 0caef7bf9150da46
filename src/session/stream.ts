import type { RowStream } from "../contract/adapter.ts";
import type { Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
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
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new TypeError(`Expected \`batchSize\` to be an integer >= 1, got \`${batchSize}\``);
  }
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
  const command = new Command<RowStream>("call", scope, [input], noResult);
  command.call = (link, cancel) => {
    const { adapter } = link.source;
    if (link.driver.stream === undefined) {
      const details = { adapter: adapter.name, wanted: "streams" };
      throw new DbError("TRANSACTION_UNSUPPORTED", `${adapter.name} cannot stream: use query()`, details);
    }
    return link.driver.stream(command.statements[0]!, { batchSize, signal: signal ?? cancel });
  };
  return unit.line.add(command, { signal });
}

function step<T>(unit: Unit, scope: Scope, signal: AbortSignal | undefined, call: () => T | Promise<T>): Promise<T> {
  if (unit.closed !== undefined) return Promise.reject(unit.closed());
  const command = new Command<T>("call", scope, [], noResult);
  command.call = call;
  return unit.line.add(command, { signal });
}

function noResult(): never {
  throw new Error("a call fulfils its command itself");
}
