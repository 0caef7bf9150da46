import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

const settings = { "app.tenant": 7 };
const postgres = {
  capabilities: { dialect: "postgres", isolationLevels: ["serializable", "repeatable read"] },
} as const;

test("a transaction inside a plain session has the session's settings, and begins as that was told", async () => {
  const { db, adapter } = fakeDatabase(postgres);
  await db.session(
    async (session) => {
      await session.transaction((inner) => inner.query("one"));
      await session.transaction((inner) => inner.query("two"), { isolationLevel: "repeatable read" });
      const part = await session.savepoint();
      await part.query("three");
      await part.release();
    },
    { transaction: false, settings, isolationLevel: "serializable" },
  );
  const begin = { settings, isolationLevel: "serializable" };
  expect(adapter.begins).toEqual([begin, { ...begin, isolationLevel: "repeatable read" }, begin]);
});

test("so it has those of the database, and its own on top, name by name", async () => {
  const { db, adapter } = fakeDatabase(postgres, { defaults: { settings, accessMode: "read only" } });
  await using session = db.open({ transaction: false });
  await session.transaction((inner) => inner.query("one"), { settings: { "app.user": "x" } });
  await session.transaction((inner) => inner.query("two"));
  expect(adapter.begins).toEqual([
    { settings: { ...settings, "app.user": "x" }, accessMode: "read only" },
    { settings, accessMode: "read only" },
  ]);
});
