import type { RowStream } from "../contract/adapter.ts";
import type { Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";
import { Command } from "./command.ts";
import type { StreamRowsOptions } from "./queryable.ts";
import { toRows } from "./rows.ts";
import type { Session } from "./session.ts";
import type { Carry } from "./sql-query.ts";
import type { StatementInput } from "./statement.ts";

/** The same rows; a loop over them is an await of each step. */
export function carriedRows<R>(rows: AsyncGenerator<R, void, undefined>, carry: Carry): AsyncIterable<R> {
  const steps = { next: () => carry(rows.next()), return: () => carry(rows.return()) };
  return { [Symbol.asyncIterator]: () => steps };
}

/** Reads a statement's rows in batches; between two of them, other statements of the session may run. */
export async function* streamRows<R = Row>(
  session: Session,
  input: StatementInput,
  { batchSize = 100, signal }: StreamRowsOptions,
): AsyncGenerator<R, void, undefined> {
  checkNumber("batchSize", batchSize, 1);
  const { unit, scope } = session.checkOpen();
  const { streams, line } = unit;
  const gone = new AbortController();
  const opening: Command<RowStream> = new Command<RowStream>("call", scope, [input], (_results, { driver, source }) => {
    if (driver.stream) return driver.stream(opening.statements[0]!, { batchSize, signal: gone.signal });
    const { name } = source.adapter;
    throw new DbError("TRANSACTION_UNSUPPORTED", `${name} cannot stream: use query()`, {
      adapter: name,
      wanted: "streams",
    });
  });
  const stream = await line.add(opening, { signal });
  streams.add(stream);
  try {
    for (;;) {
      // Its connection is gone, and may be somebody else's by now.
      if (!streams.has(stream)) throw unit.closedError();
      const batch = await line.add(new Command("call", scope, [], () => stream.next()), { signal });
      if (batch.done) return;
      yield* toRows<R>(batch.value);
    }
  } catch (error) {
    // Given up: the driver does not wait for what is to come.
    gone.abort(error);
    throw error;
  } finally {
    // What went wrong before is the caller's to see. Where this comes too late, the session's end sees to it.
    if (streams.has(stream))
      await line
        .add(new Command("call", scope, [], () => streams.delete(stream) && stream.return()))
        .catch(() => undefined);
  }
}
