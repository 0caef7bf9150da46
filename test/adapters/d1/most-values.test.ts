// Promise: what D1 and Durable Objects would refuse for its number of values is refused before it is sent, and not at COMMIT.

import { expect, test } from "vitest";
import { d1 } from "../../../src/adapters/d1/index.ts";
import { durableObject } from "../../../src/adapters/durable-object/index.ts";
import { createDatabase } from "../../../src/index.ts";

const unused = (): never => expect.unreachable("it was sent");
const binding = { prepare: unused, batch: unused };
const storage = { sql: { exec: unused }, transaction: unused, transactionSync: unused, sync: unused };

test.each([
  ["d1:DB", d1(() => binding)],
  ["do:", durableObject(() => storage)],
])("more than 100 values are refused at %s", async (url, adapter) => {
  const db = createDatabase(url, { adapters: [adapter] });
  const values = Array.from({ length: 101 }, (_, n) => n);
  const refused = { code: "QUERY_FAILED", outcome: "not-executed", details: { kind: "parameter" } };
  const list = { text: `INSERT INTO log VALUES ${values.map(() => "(?)").join()}`, params: values };
  await db.session(async (session) => {
    await expect(session.query(list)).rejects.toMatchObject(refused);
    // Each place is a value to them.
    await expect(session.query(list.text.replaceAll("?", "?1"), [1])).rejects.toMatchObject(refused);
  });
  await expect(db.autocommit.batch(["SELECT 1", list])).rejects.toMatchObject(refused);
});
