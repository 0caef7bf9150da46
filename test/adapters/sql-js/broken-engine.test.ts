import { expect, test } from "vitest";
import type { SqlJsDatabase } from "../../../src/adapters/sql-js/index.ts";
import { adapter, open, run } from "./connection.ts";
import { countedEngine } from "./target.ts";

/** An engine whose next read fails in this way. */
function breakable(): { engine: ReturnType<typeof countedEngine>; failWith(error: Error): void } {
  const engine = countedEngine();
  let failure: Error | undefined;
  const { prepare } = engine.Database.prototype as SqlJsDatabase;
  engine.Database.prototype.prepare = function (this: SqlJsDatabase, sql: string) {
    const statement = prepare.call(this, sql);
    const step = statement.step.bind(statement);
    statement.step = () => {
      const error = failure;
      failure = undefined;
      if (error) throw error;
      return step();
    };
    return statement;
  };
  return { engine, failWith: (error) => (failure = error) };
}

test("an engine that broke inside is never used again", async () => {
  const failures = [new WebAssembly.RuntimeError("unreachable"), new RangeError("Maximum call stack size exceeded")];
  for (const failure of failures) {
    const { engine, failWith } = breakable();
    const on = adapter("sqljs:memory", { sqlJs: engine });
    const connection = await open(on);
    const broken = connection.raw;
    failWith(failure);
    await expect(run(connection, "SELECT 1")).rejects.toMatchObject({ code: "CONNECTION_LOST", cause: failure });
    expect(connection.state).toBe("closed");
    const next = await open(on);
    expect(next.raw).not.toBe(broken);
    expect((await run(next, "SELECT 1")).rows).toEqual([[1]]);
  }
});

test("an answer that is too large for JavaScript fails its statement, and costs no data", async () => {
  const { engine, failWith } = breakable();
  const connection = await open(adapter("sqljs:memory", { sqlJs: engine }));
  await run(connection, "CREATE TABLE kept AS SELECT 1 AS n");
  failWith(new RangeError("Array buffer allocation failed"));
  await expect(run(connection, "SELECT n FROM kept")).rejects.toMatchObject({ code: "QUERY_FAILED" });
  expect((await run(connection, "SELECT n FROM kept")).rows).toEqual([[1]]);
  await connection.close();
});
