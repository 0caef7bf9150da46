// What every adapter and transport must do, as a list of cases that any runner can run.

import type { Cases } from "./cases.ts";
import { checks } from "./checks.ts";
import { connections, NO_SETUP, SETUP } from "./connections.ts";
import { failures } from "./failures.ts";
import { runOnDatabase } from "./database-fixture.ts";
import { databases, databaseStreams } from "./databases.ts";
import { Fixture } from "./fixture.ts";
import { flights } from "./flights.ts";
import { lateDatabases, lateWrites } from "./late-writes.ts";
import { streams } from "./streams.ts";
import type { Target } from "./target.ts";
import { transactions } from "./transactions.ts";
import { values } from "./values.ts";

export { postgresDialect } from "./postgres-dialect.ts";
export { sqliteDialect } from "./sqlite-dialect.ts";
export type { ContractDialect, FailureCase, Source, Target, ValueCase } from "./target.ts";

export interface ContractCase {
  /** A sentence that a user would say. */
  readonly name: string;
  /** Runs on a source of its own, and fails if anything is left open. */
  run(): Promise<void>;
}

/** Cases that leave a transaction open between two flights. */
const INTERACTIVE = [
  "what is committed stays, and what is rolled back is gone",
  "a failed statement in a transaction leaves it to be rolled back",
  "a read only transaction cannot write, and the next one can",
  "a change of the schema that is rolled back leaves no trace in what is read later",
];

/** Cases in which a transaction sees what it has written, or that it failed. */
const AT_ONCE = [
  "a failed statement in a transaction leaves it to be rolled back",
  "a savepoint heals a statement that failed behind it",
  "a change of the schema that is rolled back leaves no trace in what is read later",
  "sessions do not see one another's work before it is committed",
  "a batch that failed inside a session takes back only itself",
  "a failed statement can be caught, and the session goes on",
  "a template's values are bound, queries in it become part of it, and it runs once",
];

/**
 * The part of the contract above it: what sessions, batches and streams are on a real database.
 *
 * @example
 * for (const { name, run } of databaseContract(target)) test(name, run);
 */
export function databaseContract(target: Target): ContractCase[] {
  if (target.cannotBegin) return [];
  const parts = [databases, target.cannotStream ? {} : databaseStreams, target.writesAtCommit ? lateDatabases : {}];
  return parts
    .flatMap((cases) => Object.entries(cases))
    .filter(([name]) => !target.writesAtCommit || !AT_ONCE.includes(name))
    .map(([name, work]) => ({ name, run: () => runOnDatabase(target, work) }));
}

/**
 * The part of the contract below sessions: connections, flights, values and errors.
 *
 * @example
 * for (const { name, run } of adapterContract(target)) test(name, run);
 */
export function adapterContract(target: Target): ContractCase[] {
  const parts: readonly Cases[] = [connections, flights, transactions, values, checks, failures];
  return [...parts, target.cannotStream ? {} : streams, target.writesAtCommit ? lateWrites : {}]
    .flatMap((cases) => Object.entries(cases))
    .filter(([name]) => !target.cannotBegin || !INTERACTIVE.includes(name))
    .filter(([name]) => !target.writesAtCommit || !AT_ONCE.includes(name))
    .filter(([name]) => name !== (target.cannotSetUp ? SETUP : NO_SETUP))
    .map(([name, work]) => ({ name, run: () => runCase(target, work) }));
}

async function runCase(target: Target, work: Cases[string]): Promise<void> {
  const on = new Fixture(await target.make(), target.dialect);
  const { streaming, transactions: kind, writesAtCommit = false } = on.adapter.capabilities;
  if (writesAtCommit !== (target.writesAtCommit ?? false))
    throw new Error(`the target should know that writes at COMMIT are ${writesAtCommit}`);
  if ((kind === "batch") !== (target.cannotBegin ?? false))
    throw new Error(`the target should know that transactions are ${kind}`);
  if (streaming === (target.cannotStream ?? false))
    throw new Error(`the target should know that streaming is ${streaming}`);
  try {
    await work(on);
  } finally {
    await on.end();
  }
}
