// A D1 of our own, for tests by the thousand: the API of the binding over SQLite in this process. `own-d1.test.ts` holds its answers
// beside those of the real one.

import Libsql from "libsql";
import type { D1Binding, D1Statement } from "../../../src/adapters/d1/index.ts";
import type { Wire } from "./wire.ts";

/** What is sent of a statement. */
export interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface OwnD1 {
  readonly binding: D1Binding;
  close(): void;
}

interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What came of a request: the same text for the same answer. */
export interface Exchange {
  readonly sent: readonly Sent[];
  readonly isBatch: boolean;
  readonly answer: string;
}

export interface OwnD1Options {
  /** How requests and answers travel; default: each in its own turn. */
  readonly wire?: Wire;
  /** In the order in which they were done. */
  readonly onExchange?: (exchange: Exchange) => void;
}

/** What workerd keeps in each database. */
const KEPT = `CREATE TABLE _cf_METADATA (
        key INTEGER PRIMARY KEY,
        value BLOB
      )`;

/** An empty database in memory. Call `close()` once. */
export function openOwnD1({ wire, onExchange }: OwnD1Options = {}): OwnD1 {
  const sqlite = new Libsql(":memory:");
  sqlite.defaultSafeIntegers(true);
  sqlite.exec("PRAGMA foreign_keys = ON");
  sqlite.exec(KEPT);
  /** All or nothing. */
  const perform = (list: readonly Sent[]): readonly Rows[] => {
    sqlite.exec("BEGIN");
    try {
      const done = list.map((sent) => runOne(sqlite, sent));
      sqlite.exec("COMMIT");
      return done;
    } catch (error) {
      if (sqlite.inTransaction) sqlite.exec("ROLLBACK");
      throw toD1Error(error);
    }
  };
  const send = async <Answer>(
    sent: readonly Sent[],
    isBatch: boolean,
    toAnswer: (rows: readonly Rows[]) => Answer,
  ): Promise<Answer> => {
    const trouble = await wire?.next();
    if (trouble === "lost before") throw new Error("D1_ERROR: Network connection lost.");
    try {
      const answer = toAnswer(perform(sent));
      onExchange?.({ sent, isBatch, answer: JSON.stringify(answer) });
      if (trouble === "lost after") throw new Error("D1_ERROR: Network connection lost.");
      return answer;
    } catch (error) {
      if (trouble === undefined) onExchange?.({ sent, isBatch, answer: String(error) });
      throw error;
    } finally {
      await wire?.next();
    }
  };
  const sentOf = new WeakMap<object, Sent>();
  const prepare = (text: string, values: readonly unknown[] = []): D1Statement => {
    const sent = { text, values };
    const statement: D1Statement = {
      bind: (...bound) => prepare(text, bound.map(toD1Value)),
      raw: () => send([sent], false, ([only]) => [only!.columns, ...only!.rows]),
    };
    sentOf.set(statement, sent);
    return statement;
  };
  const binding: D1Binding = {
    prepare: (text) => prepare(text),
    batch: (list) =>
      send(
        list.map((each) => sentOf.get(each)!),
        true,
        (answers) => answers.map(toObjects),
      ),
  };
  return { binding, close: () => sqlite.close() };
}

/** Rows as objects: of equal names, the last one stays. */
function toObjects({ columns, rows }: Rows): object {
  return { results: rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]))) };
}

function runOne(sqlite: Libsql.Database, { text, values }: Sent): Rows {
  const statement = sqlite.prepare(text);
  if (!statement.reader) {
    statement.run(...values);
    return { columns: [], rows: [] };
  }
  const rows = statement.raw().all(...values) as unknown[][];
  return { columns: statement.columns().map(({ name }) => name), rows: rows.map((row) => row.map(fromSqlite)) };
}

/** JSON has no bytes, and numbers are doubles. */
function fromSqlite(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? [...value] : value;
}

/** @throws Error D1's own, for what it does not take. */
function toD1Value(value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Uint8Array) return Buffer.from(value);
  throw new Error(`D1_TYPE_ERROR: Type '${typeof value}' not supported for value '${String(value)}'`);
}

/** SQLite's words with its code, as workerd puts them. */
function toD1Error(error: unknown): Error {
  const { message, code = "SQLITE_ERROR" } = error as Error & { code?: string };
  const primary = /^SQLITE_[A-Z]+/.exec(code)![0];
  return new Error(`D1_ERROR: ${message}: ${primary}${code === primary ? "" : ` (extended: ${code})`}`);
}
