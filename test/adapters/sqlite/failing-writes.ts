// Writes that fail, and whether something of them stays: a FAIL keeps what it had written before.

export const FAILING_TABLES: readonly string[] = [
  "create table plain (n unique)",
  "create table lax (n unique on conflict fail)",
  "create table watched (n)",
  "create trigger watch before insert on watched when new.n = 2 begin select raise(fail, 'no two'); end",
  "insert into lax values (0)",
];

/** What stays is a row with 1, where the outcome is `unknown`. */
export const FAILING_WRITES: readonly (readonly [text: string, table: string, outcome: "unknown" | "not-executed"])[] =
  [
    ["insert or fail into plain values (1), (1)", "plain", "unknown"],
    ["insert into lax values (1), (1)", "lax", "unknown"],
    ["insert into lax values (1), (1) returning n", "lax", "unknown"],
    ["insert into watched values (1), (2)", "watched", "unknown"],
    ["insert into plain values (1), (1)", "plain", "not-executed"],
    ["insert into lax values (0)", "lax", "not-executed"],
    ["insert into lax (m) values (1)", "lax", "not-executed"],
  ];
