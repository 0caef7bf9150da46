import { expect, test } from "vitest";
import { open, run } from "./connection.ts";

test("an integer beyond 32 bits is told from text, and compared with columns as SQLite compares integers", async () => {
  const connection = await open();
  await run(connection, "CREATE TABLE t (txt TEXT, i INTEGER, u, r REAL)");
  await run(connection, "INSERT INTO t VALUES (:n, :n, :n, :n)", { n: 5_000_000_000 });
  const types = await run(connection, "SELECT typeof(txt), typeof(i), typeof(u), typeof(r) FROM t");
  expect(types.rows).toEqual([["text", "integer", "integer", "real"]]);
  const equal = await run(
    connection,
    "SELECT txt = ?1, i = ?1, u = ?1, r = ?1, '5000000000' = ?1, 5000000000 = ?1 FROM t",
    [5_000_000_000n],
  );
  expect(equal.rows).toEqual([[1, 1, 1, 1, 0, 1]]);
  await connection.close();
});

test("a statement with such an integer names its columns as it was written", async () => {
  const connection = await open();
  const { columns, rows } = await run(connection, "SELECT ?1, ?2 + 1, ?1 AS x", [2 ** 40, 2n ** 62n]);
  expect(columns).toEqual(["?1", "?2 + 1", "x"]);
  expect(rows).toEqual([[2 ** 40, 2n ** 62n + 1n, 2 ** 40]]);
  await connection.close();
});

test("an index is used for such an integer", async () => {
  const connection = await open();
  await run(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, u)");
  await run(connection, "CREATE INDEX by_u ON t (u)");
  for (const [text, plan] of [
    ["id", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)"],
    ["u", "SEARCH t USING COVERING INDEX by_u (u=?)"],
  ]) {
    const { rows } = await run(connection, `EXPLAIN QUERY PLAN SELECT * FROM t WHERE ${text} = ?`, [2 ** 40]);
    expect(rows.map((row) => row[3])).toEqual([plan]);
  }
  await connection.close();
});

test("a REAL beyond 2^53 in the same row as such an integer stays a number", async () => {
  const connection = await open();
  const { rows } = await run(
    connection,
    "SELECT 1e300, 9007199254740993, 9007199254740992.0, 7, 'x', x'00', NULL, 9e999",
  );
  expect(rows).toEqual([[1e300, 9007199254740993n, 2 ** 53, 7, "x", Uint8Array.of(0), null, Infinity]]);
  await connection.close();
});
