import type { BeginOptions, MaybePromise } from "../../contract/adapter.ts";
import { DbError, isDbError } from "../../errors.ts";
import type { Database } from "../../index.ts";
import { checkNames } from "../../option-names.ts";
import { bounded } from "../../session/deadline.ts";
import { sourceOf } from "../../session/holder.ts";
import type { Origin } from "../../session/link.ts";
import { throwIfAborted } from "../../signal.ts";
import { checkDatabase } from "./check-database.ts";
import { TestLine } from "./test-line.ts";
import { TestTransaction } from "./test-transaction.ts";

export interface RolledBackOptions extends Pick<BeginOptions, "isolationLevel" | "foreignKeys"> {
  /**
   * Longest time of the work, in milliseconds, from when it begins; then all of it is ended and rolled back. `Infinity`: no limit.
   * Default 30_000.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the work early, and the wait for its turn: that of your test runner, if it has one. */
  readonly signal?: AbortSignal | undefined;
  /**
   * True: everything on this source belongs to the work while it runs, wherever it begins: in a server that the test calls, in a
   * hook, in a fixture. Such tests run one after another. Default: only what the work itself starts, as the database's context
   * tells; true where its context cannot tell, as with `explicit()`.
   */
  readonly everywhere?: boolean | undefined;
}

export const OPTIONS: readonly (keyof RolledBackOptions)[] = [
  "isolationLevel",
  "foreignKeys",
  "timeoutMs",
  "signal",
  "everywhere",
];
const TIMEOUT_MS = 30_000;

/**
 * Runs a test, and takes back all that it did at the databases: it has one transaction at each, on a connection of its own, and
 * in it the sessions that the application begins are savepoints. Their commits keep, their failures take back, and their
 * callbacks run as they always do, until the end.
 *
 * Sessions of one test that are not inside one another take turns. Sequences, and what the database does outside of
 * transactions, are not taken back.
 *
 * @param dbs - a database, or several. Others that share its source are in it as well.
 * @returns what `work` returns.
 * @throws what `work` throws, unchanged; the signal's own reason; DbError `QUERY_TIMEOUT`; `TRANSACTION_UNSUPPORTED` for an
 *   adapter without savepoints.
 * @example
 * test("an order takes from the stock", () =>
 *   rolledBack(db, async () => {
 *     await order({ item: 1, count: 2 }); // Commits, as in production.
 *     expect(await db.sql`select stock from item where id = 1`.first()).toEqual({ stock: 3 });
 *   }));
 */
export async function rolledBack<T>(
  dbs: Database | readonly Database[],
  work: () => MaybePromise<T>,
  options: RolledBackOptions = {},
): Promise<T> {
  const list = Array.isArray(dbs) ? (dbs as readonly Database[]) : [dbs as Database];
  if (list.length === 0) throw new TypeError("Expected a database, or several, got none");
  list.forEach(checkDatabase);
  if (typeof work !== "function") throw new TypeError(`Expected the work to be a function, got \`${typeof work}\``);
  checkNames(options, OPTIONS, "rolledBack()");
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  throwIfAborted(signal);
  const leaves: (() => Promise<void>)[] = [];
  const entered = new Map<Origin, TestTransaction>();
  let isHung = true;
  try {
    let inside = work;
    // In one order, whatever the caller's: two tests must not wait for each other.
    for (const db of list.toSorted((one, other) => one.number - other.number)) {
      const { run, leave } = await enter(db, options, entered);
      leaves.push(() => leave(isHung));
      const next = inside;
      inside = () => run(next);
    }
    const { clock } = list[0]!;
    const limits = { signal, timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs };
    const outcome = await bounded(
      limits,
      clock,
      () => settled(inside),
      (reason) => toError(reason, timeoutMs),
    );
    isHung = false;
    if (outcome.isOk) return outcome.value;
    throw outcome.error;
  } finally {
    for (const leave of leaves.toReversed()) await leave();
  }
}

type Settled<T> = { readonly isOk: true; readonly value: T } | { readonly isOk: false; readonly error: unknown };

/** What became of the work: what is thrown besides is its deadline. */
async function settled<T>(work: () => MaybePromise<T>): Promise<Settled<T>> {
  try {
    return { isOk: true, value: await work() };
  } catch (error) {
    return { isOk: false, error };
  }
}

interface Entered {
  readonly run: <T>(work: () => T) => T;
  readonly leave: (isHung: boolean) => Promise<void>;
}

/** @param entered - the transactions so far, by source: of several databases of one source, all are in that of the first. */
async function enter(
  db: Database,
  { signal, everywhere, isolationLevel, foreignKeys }: RolledBackOptions,
  entered: Map<Origin, TestTransaction>,
): Promise<Entered> {
  const { context, limits } = db;
  const source = await sourceOf(db, () => signal ?? new AbortController().signal);
  const runIn =
    (test: TestTransaction): Entered["run"] =>
    (work) =>
      test.run(context, (owner) => owner === db || owner === source, work);
  const known = entered.get(source);
  if (known) return { run: runIn(known), leave: async () => undefined };
  const room = Math.min(limits.max, source.adapter.capabilities.maxConnections);
  const line = TestLine.of(source, room);
  const isEverywhere = everywhere ?? !context.absenceProves;
  // Inside of another test, its transaction is a savepoint in that one's. Without frames to tell, it waits for its turn.
  const base = line.testIn(context.current())?.origin ?? source;
  const isOuter = base === source;
  const leave = await (isOuter ? line : TestLine.of(base, 1)).enter(isOuter && isEverywhere, signal);
  try {
    const test = await TestTransaction.begin(db, base, line, { isolationLevel, foreignKeys });
    line.add(test, isEverywhere);
    entered.set(source, test);
    return {
      run: runIn(test),
      leave: async (isHung) => {
        try {
          await test.end(isHung);
        } finally {
          line.remove(test);
          leave();
        }
      },
    };
  } catch (error) {
    leave();
    throw error;
  }
}

function toError(reason: unknown, timeoutMs: number): unknown {
  if (!isDbError(reason, "QUERY_TIMEOUT")) return reason;
  const message = `the work of rolledBack() took over ${timeoutMs} ms: all of it was rolled back`;
  return new DbError("QUERY_TIMEOUT", message, { timeoutMs, of: "session" }, { outcome: "not-executed" });
}
