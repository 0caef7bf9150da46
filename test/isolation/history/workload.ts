import { type Database, isDbError, type IsolationLevel, type Result, type Session } from "../../../src/index.ts";
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
  /** A list is not there before something is appended to it. Default: all are, and are empty. */
  readonly isAbsent?: boolean;
  /** Some queries read all lists at once. */
  readonly hasWideReads?: boolean;
  /** Transactions read before they write. */
  readonly readsFirst?: boolean;
  /** Some send a query of all lists with their COMMIT. */
  readonly hasLastReads?: boolean;
  /** Called when the first transaction may begin, and when the last one has ended. */
  readonly setLosing?: (isLosing: boolean) => void;
  /** One of these happens whenever some transactions have ended. */
  readonly troubles?: readonly (() => Promise<unknown>)[];
}

/** What a history is like, by its seed: of primes, so that each meets each. */
export function modesOf(seed: number): Omit<WorkloadOptions, "seed" | "isolationLevel"> {
  const is = (prime: number, under: number): boolean => seed % prime < under;
  return {
    lists: is(13, 3) ? 3 : 2,
    isApart: is(2, 1),
    isAbsent: is(3, 1),
    hasWideReads: is(7, 3),
    readsFirst: is(17, 12),
    hasLastReads: is(19, 8),
  };
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
    isAbsent = false,
  } = options;
  const keys = Array.from({ length: lists }, (_, key) => key);
  const tableOf = (key: Key): string => (isApart ? `list_${key}` : "list");
  const tables = [...new Set(keys.map(tableOf))];
  await db.autocommit.batch([
    ...tables.flatMap((table) => [
      `DROP TABLE IF EXISTS ${table}`,
      `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, items TEXT NOT NULL)`,
    ]),
    ...(isAbsent ? [] : keys).map((key) => `INSERT INTO ${tableOf(key)} (id, items) VALUES (${key}, '')`),
  ]);
  const all = tables.map((table) => `SELECT id, items FROM ${table}`).join(" UNION ALL ");
  const place: Lists = { keys, tableOf, isAbsent, all };
  const random = seeded(seed);
  const transactions: Transaction[] = [];
  let [begun, value] = [0, 0];
  const client = async (): Promise<void> => {
    while (begun++ < count) {
      const plan = toPlan(random, options, lists, () => ++value);
      transactions.push(await play(db, isolationLevel, plan, place));
      // The last ones meet what was made before, so that nothing is left of it.
      const isTime = transactions.length % ENDS_PER_TROUBLE === 0 && transactions.length < count - 2 * clients;
      if (isTime) await troubles[Math.floor(random() * troubles.length)]?.();
    }
  };
  options.setLosing?.(true);
  await Promise.all(Array.from({ length: clients }, client));
  options.setLosing?.(false);
  return { transactions, stored: toLists(keys, (await db.autocommit.query<Row>(all)).rows) };
}

interface Lists {
  readonly keys: readonly Key[];
  readonly tableOf: (key: Key) => string;
  readonly isAbsent: boolean;
  /** The query that reads all of them. */
  readonly all: string;
}

interface Row extends Record<string, unknown> {
  readonly id: number;
  readonly items: string;
}

/** What a transaction does. `part`: a transaction inside, which may be rolled back. */
type Step =
  | { readonly key: Key | "all"; readonly value?: Value }
  | { readonly part: readonly Step[]; readonly isUndone: boolean };

interface Plan {
  readonly steps: readonly Step[];
  readonly isUndone: boolean;
  /** All statements are asked at once, and not one by one. */
  readonly isAtOnce: boolean;
  /** Behind them, all lists are read in the flight of the COMMIT. */
  readonly hasLastRead: boolean;
}

function toPlan(
  random: () => number,
  { hasWideReads = false, readsFirst = false, hasLastReads = false }: WorkloadOptions,
  lists: number,
  next: () => Value,
): Plan {
  const steps = (most: number): Step[] => {
    const each = Array.from({ length: 1 + Math.floor(random() * most) }, (): Step => {
      if (most > 2 && random() < 0.15) return { part: steps(2), isUndone: random() < 0.5 };
      const key = Math.floor(random() * lists);
      if (random() >= 0.5) return { key, value: next() };
      return { key: hasWideReads && random() < 0.3 ? "all" : key };
    });
    const rank = (step: Step): number => ("part" in step ? 2 : step.value === undefined ? 0 : 1);
    return readsFirst ? each.sort((one, other) => rank(one) - rank(other)) : each;
  };
  const [all, isUndone, isAtOnce] = [steps(4), random() < 0.15, random() < 0.3];
  return { steps: all, isUndone, isAtOnce, hasLastRead: hasLastReads && !isUndone && random() < 0.2 };
}

async function play(
  db: Database,
  isolationLevel: IsolationLevel | undefined,
  { steps, isUndone, isAtOnce, hasLastRead }: Plan,
  place: Lists,
): Promise<Transaction> {
  const operations: Operation[] = [];
  try {
    await db.session(
      async (session) => {
        await playSteps(session, steps, isAtOnce, operations, place);
        if (isUndone) throw INTENDED;
        if (hasLastRead)
          await readAll(operations, place, async (text) => (await session.commit(text))[0] as Result<Row>);
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
  place: Lists,
): Promise<void> {
  const asked: Promise<void>[] = [];
  for (const step of steps) {
    if ("key" in step) asked.push(ask(session, step, operations, place));
    else {
      await Promise.all(asked);
      await playPart(session, step.part, step.isUndone, operations, place);
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
  place: Lists,
): Promise<void> {
  operations.push({ kind: "enter" });
  try {
    const work = async (inside: Session): Promise<void> => {
      await playSteps(inside, part, false, operations, place);
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
  { key, value }: { key: Key | "all"; value?: Value },
  operations: Operation[],
  place: Lists,
): Promise<void> {
  if (key === "all") return readAll(operations, place, (text) => session.query<Row>(text));
  const { tableOf, isAbsent } = place;
  const table = tableOf(key);
  if (value !== undefined) {
    // On record before it is sent: nothing may be found stored that nobody knows.
    const at = operations.push({ kind: "append", key, value }) - 1;
    const text = isAbsent
      ? `INSERT INTO ${table} (id, items) VALUES (${key}, '${value},') ON CONFLICT (id) DO UPDATE SET items = ${table}.items || excluded.items`
      : `UPDATE ${table} SET items = items || '${value},' WHERE id = ${key}`;
    try {
      await session.query(text);
    } catch (error) {
      // What was asked with it may be done all the same, and does not see it.
      if (isDbError(error) && error.outcome === "not-executed")
        operations[at] = { kind: "append", key, value, isRefused: true };
      throw error;
    }
    return;
  }
  const at = operations.push({ kind: "read", key, list: undefined }) - 1;
  const { rows } = await session.query<Row>(`SELECT id, items FROM ${table} WHERE id = ${key}`);
  operations[at] = { kind: "read", key, list: toList(rows[0]?.items) };
}

async function readAll(
  operations: Operation[],
  { keys, all }: Lists,
  query: (text: string) => Promise<{ readonly rows: readonly Row[] }>,
): Promise<void> {
  const first = operations.length;
  operations.push(...keys.map((key): Operation => ({ kind: "read", key, list: undefined })));
  const lists = toLists(keys, (await query(all)).rows);
  for (const [at, key] of keys.entries()) operations[first + at] = { kind: "read", key, list: lists.get(key)! };
}

function toLists(keys: readonly Key[], rows: readonly Row[]): Map<Key, Value[]> {
  return new Map(keys.map((key) => [key, toList(rows.find(({ id }) => id === key)?.items)]));
}

function toList(items = ""): Value[] {
  return items.split(",").filter(Boolean).map(Number);
}

/** How many were told that they are stored. */
export function committed({ transactions }: History): number {
  return transactions.filter(({ fate }) => fate === "committed").length;
}
