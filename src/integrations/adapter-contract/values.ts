import { assertEqual } from "./assert.ts";
import type { Cases } from "./cases.ts";

export const values: Cases = {
  "every value that can be bound comes back as it went in": async (on) => {
    const connection = await on.open();
    for (const [index, { name, column, value, back = value }] of on.dialect.values.entries()) {
      await on.run(connection, `CREATE TABLE value_${index} (held ${column})`);
      await on.run(connection, `INSERT INTO value_${index} (held) VALUES (?)`, [value]);
      assertEqual(await on.value(connection, `SELECT held FROM value_${index}`), back, name);
      if (value === null) continue;
      const found = await on.value(connection, `SELECT COUNT(*) AS n FROM value_${index} WHERE held = ?`, [value]);
      assertEqual(Number(found), 1, `rows that equal ${name}`);
    }
  },

  "whole numbers are integers of the database, as numbers and as bigints": async (on) => {
    const { isInteger } = on.dialect;
    if (isInteger === undefined) return;
    const connection = await on.open();
    const edges = [
      0,
      5,
      -5,
      2 ** 31 - 1,
      2 ** 31,
      -(2 ** 31),
      -(2 ** 31) - 1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ];
    for (const value of [...edges, ...edges.map(BigInt), 2n ** 63n - 1n, -(2n ** 63n)]) {
      assertEqual(Number(await on.value(connection, isInteger("?"), [value])), 1, `${typeof value} ${value}`);
    }
  },

  "bytes that come back are the reader's own, and part of a larger buffer binds as that part": async (on) => {
    const connection = await on.open();
    const { column } = on.dialect.values.find(({ value }) => value instanceof Uint8Array)!;
    await on.run(connection, `CREATE TABLE bytes (held ${column})`);
    const whole = Uint8Array.of(1, 2, 3, 4, 5);
    await on.run(connection, "INSERT INTO bytes (held) VALUES (?)", [whole.subarray(1, 4)]);
    whole.fill(9);
    const first = (await on.value(connection, "SELECT held FROM bytes")) as Uint8Array;
    first.fill(7);
    assertEqual(await on.value(connection, "SELECT held FROM bytes"), Uint8Array.of(2, 3, 4));
  },

  "columns of the same name lose nothing": async (on) => {
    const connection = await on.open();
    const { columns, rows } = await on.run(connection, "SELECT 'a' AS x, 'b' AS y, 'c' AS x");
    assertEqual(columns, ["x", "y", "x"]);
    assertEqual(rows, [["a", "b", "c"]]);
  },

  "a query without rows still names its columns, and a write has none": async (on) => {
    const connection = await on.openWithTables();
    const none = await on.run(connection, "SELECT id, name FROM parent WHERE id = ?", [99]);
    assertEqual([none.columns, none.rows], [["id", "name"], []]);
    const write = await on.run(connection, "UPDATE parent SET price = 2");
    assertEqual([write.columns, write.rows], [[], []]);
  },

  "the columns of a statement that is used again are those of today": async (on) => {
    const connection = await on.openWithTables();
    const columns = async (): Promise<readonly string[]> => (await on.run(connection, "SELECT * FROM child")).columns;
    assertEqual(await columns(), ["id", "parent_id"]);
    await on.run(connection, "ALTER TABLE child ADD COLUMN note TEXT");
    assertEqual(await columns(), ["id", "parent_id", "note"]);
    await on.run(connection, "ALTER TABLE child RENAME COLUMN note TO remark");
    assertEqual(await columns(), ["id", "parent_id", "remark"]);
  },

  "the rows that a statement changed are counted, and only those": async (on) => {
    const connection = await on.openWithTables();
    const changed = async (text: string): Promise<number> => (await on.run(connection, text)).rowsAffected;
    assertEqual(await changed("INSERT INTO parent (id, name, price) VALUES (2, 'Bob', 1), (3, 'Cyd', 1)"), 2, "insert");
    assertEqual(await changed("SELECT * FROM parent"), 0, "query after a write");
    assertEqual(await changed("CREATE TABLE other (id INTEGER)"), 0, "create");
    assertEqual(await changed("UPDATE parent SET price = 3 WHERE id > 1"), 2, "update");
    assertEqual(await changed("UPDATE parent SET price = 3 WHERE id > 99"), 0, "update of nothing");
    assertEqual(await changed("UPDATE parent SET price = 4 WHERE id = 1 RETURNING id"), 1, "update returning");
    assertEqual(
      await changed("WITH old AS (SELECT 3 AS id) DELETE FROM parent WHERE id IN (SELECT id FROM old)"),
      1,
      "with",
    );
    assertEqual(await changed("WITH all_of AS (SELECT 1 AS one) SELECT one FROM all_of"), 0, "query with");
    assertEqual(await changed("DELETE FROM parent"), 2, "delete");
    assertEqual(await changed("DROP TABLE other"), 0, "drop");
  },

  "the row id of an insert is told, and no other statement has one": async (on) => {
    if (!on.dialect.hasRowids) return;
    const connection = await on.openWithTables();
    const rowid = async (text: string): Promise<unknown> => (await on.run(connection, text)).lastInsertRowid;
    assertEqual(await rowid("INSERT INTO parent (id, name, price) VALUES (41, 'Bob', 1)"), 41);
    assertEqual(await rowid("INSERT INTO parent (name, price) VALUES ('Cyd', 1) RETURNING name"), 42);
    assertEqual(
      await rowid("INSERT INTO parent (id, name, price) VALUES (9007199254740993, 'Dan', 1)"),
      9007199254740993n,
    );
    assertEqual(await rowid("SELECT * FROM parent"), undefined);
    assertEqual(await rowid("UPDATE parent SET price = 2"), undefined);
    assertEqual(await rowid("INSERT INTO parent (name, price) SELECT 'x', 1 WHERE 1 = 2"), undefined);
    assertEqual(await rowid("WITH source AS (SELECT 'Eli' AS name) INSERT INTO child (id) SELECT 7 FROM source"), 7);
  },
};
