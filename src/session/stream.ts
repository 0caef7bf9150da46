import type { RowStream } from "../contract/adapter.ts";
import type { Row, RowBatch } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { checkNumber } from "../pool/options.ts";
import { Command } from "./command.ts";
import type { Part } from "./ending.ts";
import type { Link } from "./link.ts";
import { checkOpen } from "./handle.ts";
import { refuseFromWithin } from "./nesting.ts";
import { type Queryable, STREAM_OPTIONS, type StreamRowsOptions } from "./queryable.ts";
import { quietly } from "./quiet.ts";
import { toRows } from "./rows.ts";
import type { StatementInput } from "./statement.ts";

/** A session, or a transaction inside one. */
interface Reader extends Part, Pick<Queryable, "carried"> {
  savepoint(): Promise<Part & { rollback(): Promise<void> }>;
}

/** What becomes of a batch. */
export type ReadBatch<R> = (batch: RowBatch) => R[];

/**
 * The rows of a statement, one by one; a loop over them awaits each step.
 *
 * @param read - default: plain objects.
 */
export function streamOf<R = Row>(
  reader: Reader,
  input: StatementInput,
  options: StreamRowsOptions,
  read: ReadBatch<R> = toRows,
): AsyncIterable<R> {
  checkNames(options, STREAM_OPTIONS, "a stream");
  refuseFromWithin(checkOpen(reader));
  const open = reader.unit.readsApart(reader.scope) ? streamApart<R> : streamRows<R>;
  return handedRows(open(reader, input, options, read), reader);
}

/** In a transaction that ends with it, and holds nothing to keep. */
async function* streamApart<R>(
  reader: Reader,
  input: StatementInput,
  options: StreamRowsOptions,
  read: ReadBatch<R>,
): AsyncGenerator<R[], void, undefined> {
  const part = await reader.savepoint();
  try {
    yield* streamRows<R>(part, input, options, read);
  } finally {
    await part.rollback();
  }
}

function handedRows<R>(batches: AsyncGenerator<R[], void, undefined>, reader: Reader): AsyncIterable<R> {
  let batch: readonly R[] = [];
  let at = 0;
  let last: Promise<IteratorResult<R, void>>;
  let reads = 0;
  const read = async (): Promise<IteratorResult<R, void>> => {
    try {
      while (at >= batch.length) {
        const { done, value } = await batches.next();
        if (done) return { done, value: undefined };
        batch = value;
        at = 0;
      }
      return { done: false, value: batch[at++]! };
    } finally {
      reads--;
    }
  };
  // One after another, and waited for once only where nobody hurries: else the lines that await it are not found.
  const fetch = (): Promise<IteratorResult<R, void>> => {
    last = ++reads > 1 ? last.then(read, read) : read();
    return quietly(last, reader.scope);
  };
  // A row that is there already is not waited for.
  const next = (): Promise<IteratorResult<R, void>> =>
    reader.carried(reads > 0 || at >= batch.length ? fetch() : Promise.resolve({ done: false, value: batch[at++]! }));
  const end = async (): Promise<IteratorResult<R, void>> => {
    batch = [];
    await batches.return();
    return { done: true, value: undefined };
  };
  const steps = { next, return: () => reader.carried(quietly(end(), reader.scope)) };
  return { [Symbol.asyncIterator]: () => steps };
}

/** A stream, and the connection that it reads from. */
interface Opened {
  readonly stream: RowStream;
  readonly first: IteratorResult<RowBatch, void>;
  readonly link: Link;
}

/** Reads a statement's rows, batch by batch; between two of them, other statements of the session may run. */
async function* streamRows<R>(
  part: Part,
  input: StatementInput,
  options: StreamRowsOptions,
  read: ReadBatch<R>,
): AsyncGenerator<R[], void, undefined> {
  const { batchSize = 100, signal } = options;
  checkNumber("batchSize", batchSize, 1);
  const { unit, line, scope } = part;
  if (scope.over) throw unit.closedError(scope);
  const { streams } = unit.holder;
  const gone = new AbortController();
  let opened: Opened | undefined;
  // Reads on this connection only, and on none once the session has ended.
  const call = <T>({ stream, link }: Opened, work: () => T | Promise<T>): Promise<T> => {
    const command = new Command<T>("call", scope, [], () => {
      if (!streams.has(stream)) throw unit.closedError(scope);
      return work();
    });
    command.link = link;
    return line.add(command, { signal });
  };
  try {
    opened = await openStream(part, input, options, gone.signal);
    const { stream } = opened;
    for (let batch = opened.first; !batch.done; batch = await call(opened, () => stream.next())) {
      yield read(batch.value);
      if (scope.over || !streams.has(stream)) throw unit.closedError(scope);
    }
  } catch (error) {
    // Given up: the driver does not wait for what is to come. A part that fails is taken back, and its session keeps the connection.
    if (line.isBounded || unit.root.over || !scope.over) gone.abort(error);
    throw error;
  } finally {
    const stream = opened?.stream;
    // What went wrong before is the caller's to see. Where this comes too late, the session's end sees to it.
    if (stream && streams.has(stream) && !scope.over)
      await call(opened!, () => streams.delete(stream) && stream.return()).catch(() => undefined);
  }
}

function openStream(
  { unit, line, scope }: Part,
  input: StatementInput,
  { batchSize, signal }: StreamRowsOptions,
  gone: AbortSignal,
): Promise<Opened> {
  const { streams } = unit.holder;
  // With its first batch: where the connection turns out to be dead, another one may do.
  const opening: Command<Opened> = new Command<Opened>("call", scope, [input], async (_results, link) => {
    const { driver, origin } = link;
    if (!driver.stream) throw unsupported(origin.adapter.name);
    const statement = opening.statements[0]!;
    unit.host.record?.({ steps: [{ kind: "query", statement, onError: "stop", guarded: false }] });
    const size = { batchSize: batchSize ?? 100, mayGrow: batchSize === undefined };
    const { settings, fresh } = unit.options;
    const stream = driver.stream(statement, { ...size, settings, fresh, signal: gone });
    // Synchronously: if the session ends at this very moment, it must find the stream.
    streams.add(stream);
    try {
      return { stream, link, first: await stream.next() };
    } catch (error) {
      streams.delete(stream);
      throw error;
    }
  });
  return line.add(opening, { signal });
}

function unsupported(adapter: string): DbError {
  return new DbError("TRANSACTION_UNSUPPORTED", `${adapter} cannot stream: use query()`, {
    adapter,
    wanted: "streams",
  });
}
