import { expect, test } from "vitest";
import { adapter, open, run } from "./connection.ts";
import { countedEngine } from "./target.ts";

test("a text that is used again is prepared once, and many texts do not fill the memory", async () => {
  const counted = countedEngine();
  const connection = await open(adapter("sqljs:memory", { sqlJs: counted }));
  const prepared: string[] = [];
  const { prepare } = counted.Database.prototype as { prepare(sql: string): object };
  counted.Database.prototype.prepare = function (sql: string) {
    prepared.push(sql);
    return prepare.call(this, sql) as never;
  };
  for (let n = 0; n < 1000; n++) {
    await run(connection, "SELECT ? AS often", [n]);
    await run(connection, `SELECT ${n} AS once`);
    expect(counted.statements.size).toBeLessThanOrEqual(128);
  }
  expect(prepared.filter((sql) => sql === "SELECT ? AS often")).toHaveLength(1);
  await run(connection, "SELECT 0 AS once");
  expect(prepared.filter((sql) => sql === "SELECT 0 AS once")).toHaveLength(2);
  await connection.close();
  expect(counted.statements.size).toBe(0);
});
