// What each database allows at each level: docs/isolation.md shows this table, and the tests beside this file prove it.

import type { IsolationLevel } from "../../src/index.ts";
import { scenarios } from "./scenarios.ts";

export const LEVELS: readonly IsolationLevel[] = [
  "read uncommitted",
  "read committed",
  "repeatable read",
  "serializable",
];

const WRITE_SKEW = ["G2-item", "G2", "G2, with a reader"];
const OF_READ_COMMITTED = [
  "PMP",
  "PMP, writing",
  "P4",
  "G-single",
  "G-single, by condition",
  "G-single, writing",
  ...WRITE_SKEW,
];

/** Names of the scenarios that go wrong on PostgreSQL; on the others none does, at any level. */
export const onPostgres: Readonly<Record<IsolationLevel, readonly string[]>> = {
  // PostgreSQL has no dirty reads: this is `read committed` under another name.
  "read uncommitted": OF_READ_COMMITTED,
  "read committed": OF_READ_COMMITTED,
  "repeatable read": WRITE_SKEW,
  serializable: [],
};

/** The table of docs/isolation.md. */
export function table(): string {
  const columns = ["read committed", "repeatable read", "serializable"] as const;
  const head = [
    "scenario",
    "what would go wrong",
    ...columns.map((level) => `PostgreSQL, ${level}`),
    "libSQL, sql.js, D1",
  ];
  const rows = scenarios.map(({ name, what }) => {
    const cells = columns.map((level) => (onPostgres[level].includes(name) ? "**happens**" : "prevented"));
    return [name, what, ...cells, "prevented"];
  });
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
