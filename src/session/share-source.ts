import type { Adapter, AdapterFactory } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";
import type { CheckedPoolOptions } from "../pool/options.ts";
import type { PoolRuntime } from "../pool/runtime.ts";
import type { Hook } from "./hooks.ts";
import { Source, type SourceOptions, type SourceUser } from "./source.ts";
import { type StatementInput, toStatement } from "./statement.ts";

/** A database, as far as it affects its source. */
interface Sharer extends SourceUser {
  readonly limits: CheckedPoolOptions;
  readonly runtime: PoolRuntime;
  readonly checksConnections: boolean;
  readonly folder: string;
  readonly stacks: boolean;
}

/** The options of a database that affect its source. */
interface Shared {
  readonly adapters: readonly AdapterFactory[];
  readonly setup?: readonly StatementInput[];
  readonly afterFirstConnection?: Hook;
  readonly afterConnection?: Hook;
}

/**
 * Finds or makes a database's source.
 *
 * @param url - as it was configured.
 * @throws DbError `POOL_CLOSED` after it was disposed.
 */
export function shareSource(
  adapter: Adapter,
  url: unknown,
  { adapters, setup: inputs = [], afterFirstConnection, afterConnection }: Shared,
  database: Sharer,
  isDisposed: boolean,
): Source<Hook> {
  if (isDisposed)
    throw new DbError("POOL_CLOSED", "the database was disposed: make a new one", { pool: adapter.key ?? "" });
  const { limits, checksConnections, runtime, folder, stacks } = database;
  const setup = inputs.map((input) => toStatement(input, adapter, "setup"));
  const options = { limits, runtime, setup, afterFirstConnection, afterConnection, checksConnections };
  const identity = [url, folder, stacks, ...identityOf(options), ...adapters.flatMap((factory) => factory.identity)];
  return Source.share(adapter, identity, options, database);
}

/** What affects the sessions of a source besides its URL: databases share one only if all of this is the same. */
function identityOf({
  limits,
  runtime: { name, clock },
  setup,
  afterFirstConnection,
  afterConnection,
  checksConnections,
}: SourceOptions): readonly unknown[] {
  return [
    ...[name, clock, checksConnections, afterFirstConnection, afterConnection],
    ...Object.values(limits),
    // With the number of values: a value must not be mistaken for the next statement.
    ...setup.flatMap(({ text, params = [] }) => [text, Object.keys(params).length, ...Object.entries(params).flat()]),
  ];
}
