import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase } from "../../../src/index.ts";
import { countedEngine } from "./target.ts";

// A pragma acts while it is prepared: also under EXPLAIN, and where the text cannot be read to its end.
test.each([
  'PRAGMA "foreign_keys" = OFF',
  "pragma'foreign_keys'(0)",
  "PRAGMA main.[foreign_keys]=0",
  "EXPLAIN PRAGMA foreign_keys = 0",
  "EXPLAIN QUERY PLAN PRAGMA foreign_keys = 0",
  "PRAGMA foreign_keys = 0 and so on",
])("%s is not seen by the next session", async (text) => {
  const engine = countedEngine();
  const db = createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: engine })],
    context: asyncLocal(AsyncLocalStorage),
  });
  await db.session((session) => session.query(text).catch(() => undefined), { transaction: false });
  const { rows } = await db.query("SELECT foreign_keys FROM pragma_foreign_keys");
  expect(rows).toEqual([{ foreign_keys: 1 }]);
  await db.dispose();
  expect([...engine.statements, ...engine.databases]).toEqual([]);
});
