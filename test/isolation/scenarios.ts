// Hermitage's scenarios, by Martin Kleppmann: https://github.com/ept/hermitage. Two rows, (1, 10) and (2, 20), and up to
// three transactions whose steps come in the order written here, wherever the database lets them.

/** Rows of `test`, by id. */
export type Values = Readonly<Record<number, number>>;

/** Whose step it is, and a statement, COMMIT or ROLLBACK. */
export type Step = readonly [who: 1 | 2 | 3, what: string];

/** What was seen when a scenario had been played. */
export interface Seen {
  /** What the step read; `undefined` when its transaction had failed. */
  readonly rows: readonly (Values | undefined)[];
  /** Transactions that were committed. */
  readonly committed: readonly number[];
  /** The table in the end. */
  readonly table: Values;
}

export interface Scenario {
  /** Its name in the literature. */
  readonly name: string;
  /** What goes wrong, in a user's words. */
  readonly what: string;
  readonly steps: readonly Step[];
  /** Whether it went wrong. */
  happened(seen: Seen): boolean;
}

const [COMMIT, ROLLBACK] = ["COMMIT", "ROLLBACK"];
const ALL = "SELECT id, value FROM test";
const where = (condition: string): string => `${ALL} WHERE ${condition}`;
const read = (id: number): string => where(`id = ${id}`);
const set = (id: number, value: number): string => `UPDATE test SET value = ${value} WHERE id = ${id}`;
const insert = (id: number, value: number): string => `INSERT INTO test (id, value) VALUES (${id}, ${value})`;

export const scenarios: readonly Scenario[] = [
  {
    name: "G0",
    what: "changes of two writers are mixed",
    steps: [
      [1, set(1, 11)],
      [2, set(1, 12)],
      [1, set(2, 21)],
      [1, COMMIT],
      [2, set(2, 22)],
      [2, COMMIT],
    ],
    happened: ({ table }) => table[1] !== table[2]! - 10,
  },
  {
    name: "G1a",
    what: "data that is rolled back is read",
    steps: [
      [1, set(1, 101)],
      [2, ALL],
      [1, ROLLBACK],
      [2, ALL],
      [2, COMMIT],
    ],
    happened: ({ rows }) => [rows[1], rows[3]].some((values) => values?.[1] === 101),
  },
  {
    name: "G1b",
    what: "an intermediate value is read",
    steps: [
      [1, set(1, 101)],
      [2, ALL],
      [1, set(1, 11)],
      [1, COMMIT],
      [2, ALL],
      [2, COMMIT],
    ],
    happened: ({ rows }) => [rows[1], rows[4]].some((values) => values?.[1] === 101),
  },
  {
    name: "G1c",
    what: "two transactions read each other's changes",
    steps: [
      [1, set(1, 11)],
      [2, set(2, 22)],
      [1, read(2)],
      [2, read(1)],
      [1, COMMIT],
      [2, COMMIT],
    ],
    happened: ({ rows }) => rows[2]?.[2] === 22 && rows[3]?.[1] === 11,
  },
  {
    name: "OTV",
    what: "data read from a transaction disappears later",
    steps: [
      [1, set(1, 11)],
      [1, set(2, 19)],
      [2, set(1, 12)],
      [1, COMMIT],
      [3, read(1)],
      [2, set(2, 18)],
      [3, read(2)],
      [2, COMMIT],
      [3, read(2)],
      [3, read(1)],
      [3, COMMIT],
    ],
    happened: ({ rows }) => {
      const [first, second] = [[10, 11, 12] as (number | undefined)[], [20, 19, 18] as (number | undefined)[]];
      // Whose change each of the reader's steps saw, in order, as far as they were not refused.
      const writers = [4, 6, 8, 9].flatMap((at) => {
        const row = rows[at];
        return row ? [Math.max(first.indexOf(row[1]), second.indexOf(row[2]))] : [];
      });
      return writers.some((writer, at) => writer < (writers[at - 1] ?? 0));
    },
  },
  {
    name: "PMP",
    what: "a repeated query finds new matching rows",
    steps: [
      [1, where("value = 30")],
      [2, insert(3, 30)],
      [2, COMMIT],
      [1, where("value % 3 = 0")],
      [1, COMMIT],
    ],
    happened: ({ rows }) => rows[3]?.[3] === 30,
  },
  {
    name: "PMP, writing",
    what: "a DELETE leaves matching rows behind",
    steps: [
      [1, "UPDATE test SET value = value + 10"],
      [2, "DELETE FROM test WHERE value = 20"],
      [1, COMMIT],
      [2, where("value = 20")],
      [2, COMMIT],
    ],
    happened: ({ rows }) => Object.keys(rows[3] ?? {}).length > 0,
  },
  {
    name: "P4",
    what: "a concurrent update is lost",
    steps: [
      [1, read(1)],
      [2, read(1)],
      [1, set(1, 11)],
      [2, set(1, 11)],
      [1, COMMIT],
      [2, COMMIT],
    ],
    happened: ({ rows, committed }) => rows[0]?.[1] === 10 && rows[1]?.[1] === 10 && committed.length === 2,
  },
  {
    name: "G-single",
    what: "one row is read from before a change, another from after it",
    steps: [
      [1, read(1)],
      [2, read(1)],
      [2, read(2)],
      [2, set(1, 12)],
      [2, set(2, 18)],
      [2, COMMIT],
      [1, read(2)],
      [1, COMMIT],
    ],
    happened: ({ rows }) => rows[0]?.[1] === 10 && rows[6]?.[2] === 18,
  },
  {
    name: "G-single, by condition",
    what: "a row matches two conditions that exclude each other",
    steps: [
      [1, where("value % 5 = 0")],
      [2, "UPDATE test SET value = 12 WHERE value = 10"],
      [2, COMMIT],
      [1, where("value % 3 = 0")],
      [1, COMMIT],
    ],
    happened: ({ rows }) => rows[0]?.[1] === 10 && rows[3]?.[1] === 12,
  },
  {
    name: "G-single, writing",
    what: "a DELETE misses a row it should match, changed since it was read",
    steps: [
      [1, read(1)],
      [2, ALL],
      [2, set(1, 12)],
      [2, set(2, 18)],
      [2, COMMIT],
      [1, "DELETE FROM test WHERE value = 20"],
      [1, read(2)],
      [1, COMMIT],
    ],
    happened: ({ rows, committed }) => rows[0]?.[1] === 10 && rows[6]?.[2] === 18 && committed.includes(1),
  },
  {
    name: "G2-item",
    what: "two transactions each change a row that the other has read (write skew)",
    steps: [
      [1, where("id IN (1, 2)")],
      [2, where("id IN (1, 2)")],
      [1, set(1, 11)],
      [2, set(2, 21)],
      [1, COMMIT],
      [2, COMMIT],
    ],
    happened: ({ rows, committed }) => rows[0]?.[2] === 20 && rows[1]?.[1] === 10 && committed.length === 2,
  },
  {
    name: "G2",
    what: "two transactions each insert rows the other had searched for",
    steps: [
      [1, where("value % 3 = 0")],
      [2, where("value % 3 = 0")],
      [1, insert(3, 30)],
      [2, insert(4, 42)],
      [1, COMMIT],
      [2, COMMIT],
    ],
    happened: ({ rows, committed }) =>
      rows[0]?.[4] === undefined && rows[1]?.[3] === undefined && committed.length === 2,
  },
  {
    name: "G2, with a reader",
    what: "a reader sees an order that contradicts the two writers'",
    steps: [
      [1, ALL],
      [2, "UPDATE test SET value = value + 5 WHERE id = 2"],
      [2, COMMIT],
      [3, ALL],
      [3, COMMIT],
      [1, set(1, 0)],
      [1, COMMIT],
    ],
    happened: ({ rows, committed }) =>
      rows[0]?.[2] === 20 && rows[3]?.[1] === 10 && rows[3][2] === 25 && committed.includes(1),
  },
];

/** For names of tests. */
export const named = scenarios.map((scenario) => [scenario.name, scenario.what, scenario] as const);
