import { type Database, isDbError, type IsolationLevel, type Session } from "../../../src/index.ts";
import { seeded } from "../../kit/seeded.ts";
import type { History, Key, Operation, Transaction, Value } from "./history.ts";

export interface WorkloadOptions {
  readonly seed: number;
  /** `undefined`: no transactions, each statement by itself. */
  readonly isolationLevel: IsolationLevel | undefined;
  readonly transactions?: number;
  /** At once. */
  readonly clients?: number;
  /** Few: they meet often. */
  readonly lists?: number;
  /** Each list is in a table of its own. */
  readonly isApart?: boolean;
  /** One of these happens whenever some transactions have ended. */
  readonly troubles?: readonly (() => Promise<unknown>)[];
}

/** By count and not by time: on a slow machine nothing else would come through. */
const ENDS_PER_TROUBLE = 5;

const INTENDED = new Error("rolled back on purpose");

/** Random transactions on a few lists, with parts that are rolled back, from several sessions at once; and what came of it. */
export async function run(db: Database, options: WorkloadOptions): Promise<History> {
  const {
    seed,
    isolationLevel,
    transactions: count = 300,
    clients = 10,
    lists = 4,
    troubles = [],
    isApart = false,
  } = options;
  const keys = Array.from({ length: lists }, (_, key) => key);
  const tableOf = (key: Key): string => (isApart ? `list_${key}` : "list");
  const tables = [...new Set(keys.map(tableOf))];
  await db.autocommit.batch([
    ...tables.flatMap((table) => [
      `DROP TABLE IF EXISTS ${table}`,
      `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, items TEXT NOT NULL)`,
    ]),
    ...keys.map((key) => `INSERT INTO ${tableOf(key)} (id, items) VALUES (${key}, '')`),
  ]);
  const random = seeded(seed);
  const transactions: Transaction[] = [];
  let [begun, value] = [0, 0];
  const client = async (): Promise<void> => {
    while (begun++ < count) {
      const plan = toPlan(random, lists, () => ++value);
      transactions.push(await play(db, isolationLevel, plan, tableOf));
      // The last ones meet what was made before, so that nothing is left of it.
      const isTime = transactions.length % ENDS_PER_TROUBLE === 0 && transactions.length < count - 2 * clients;
      if (isTime) await troubles[Math.floor(random() * troubles.length)]?.();
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const { rows } = await db.autocommit.query<Row>(
    tables.map((table) => `SELECT id, items FROM ${table}`).join(" UNION ALL "),
  );
  return { transactions, stored: new Map(rows.map(({ id, items }) => [id, toList(items)])) };
}

type TableOf = (key: Key) => string;

interface Row extends Record<string, unknown> {
  readonly id: number;
  readonly items: string;
}

/** What a transaction does. `part`: a transaction inside, which may be rolled back. */
type Step =
  | { readonly key: Key; readonly value?: Value }
  | { readonly part: readonly Step[]; readonly isUndone: boolean };

interface Plan {
  readonly steps: readonly Step[];
  readonly isUndone: boolean;
  /** All statements are asked at once, and not one by one. */
  readonly isAtOnce: boolean;
}

function toPlan(random: () => number, lists: number, next: () => Value): Plan {
  const steps = (most: number): Step[] =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => {
      if (most > 2 && random() < 0.15) return { part: steps(2), isUndone: random() < 0.5 };
      const key = Math.floor(random() * lists);
      return random() < 0.5 ? { key } : { key, value: next() };
    });
  return { steps: steps(4), isUndone: random() < 0.15, isAtOnce: random() < 0.3 };
}

async function play(
  db: Database,
  isolationLevel: IsolationLevel | undefined,
  { steps, isUndone, isAtOnce }: Plan,
  tableOf: TableOf,
): Promise<Transaction> {
  const operations: Operation[] = [];
  try {
    await db.session(
      async (session) => {
        await playSteps(session, steps, isAtOnce, operations, tableOf);
        if (isUndone) throw INTENDED;
      },
      isolationLevel ? { isolationLevel } : { transaction: false },
    );
    return { operations, fate: "committed" };
  } catch (error) {
    if (error !== INTENDED && !isDbError(error)) throw error;
    return { operations, fate: isDbError(error, "COMMIT_UNKNOWN") ? "unknown" : "aborted" };
  }
}

async function playSteps(
  session: Session,
  steps: readonly Step[],
  isAtOnce: boolean,
  operations: Operation[],
  tableOf: TableOf,
): Promise<void> {
  const asked: Promise<void>[] = [];
  for (const step of steps) {
    if ("key" in step) asked.push(ask(session, step, operations, tableOf(step.key)));
    else {
      await Promise.all(asked);
      await playPart(session, step.part, step.isUndone, operations, tableOf);
    }
    if (!isAtOnce) await asked.at(-1);
  }
  await Promise.all(asked);
}

async function playPart(
  session: Session,
  part: readonly Step[],
  isUndone: boolean,
  operations: Operation[],
  tableOf: TableOf,
): Promise<void> {
  operations.push({ kind: "enter" });
  try {
    const work = async (inside: Session): Promise<void> => {
      await playSteps(inside, part, false, operations, tableOf);
      if (isUndone) throw INTENDED;
    };
    // By itself it would join, and take all of it along.
    await session.transaction(work, { propagation: "nested" });
    operations.push({ kind: "leave", isUndone: false });
  } catch (error) {
    if (error !== INTENDED) throw error;
    operations.push({ kind: "leave", isUndone: true });
  }
}

async function ask(
  session: Session,
  { key, value }: { key: Key; value?: Value },
  operations: Operation[],
  table: string,
): Promise<void> {
  if (value !== undefined) {
    // On record before it is sent: nothing may be found stored that nobody knows.
    operations.push({ kind: "append", key, value });
    await session.query(`UPDATE ${table} SET items = items || '${value},' WHERE id = ${key}`);
    return;
  }
  const place = operations.push({ kind: "read", key, list: undefined }) - 1;
  const { rows } = await session.query<Row>(`SELECT id, items FROM ${table} WHERE id = ${key}`);
  operations[place] = { kind: "read", key, list: toList(rows[0]!.items) };
}

function toList(items: string): Value[] {
  return items.split(",").filter(Boolean).map(Number);
}

/** How many were told that they are stored. */
export function committed({ transactions }: History): number {
  return transactions.filter(({ fate }) => fate === "committed").length;
}
