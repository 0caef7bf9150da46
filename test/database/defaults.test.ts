import { expect, test } from "vitest";
import type { Settings } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const postgres = { capabilities: { dialect: "postgres" } } as const;

test("what a database has by default, all of its sessions have; their own options come first", async () => {
  const defaults = { isolationLevel: "serializable", accessMode: "read only", timeoutMs: 1_000 } as const;
  const { db, adapter } = fakeDatabase({}, { defaults });
  await db.session((session) => session.query("one"));
  await db.transaction((session) => session.query("two"), { accessMode: "read write" });
  const session = db.open({ isolationLevel: "read committed", accessMode: undefined });
  await session.query("three");
  await session.close();
  expect(adapter.begins).toEqual([
    { isolationLevel: "serializable", accessMode: "read only" },
    { isolationLevel: "serializable", accessMode: "read write" },
    { isolationLevel: "read committed", accessMode: "read only" },
  ]);
});

test("a deadline by default ends lone statements as well", async () => {
  const { db } = fakeDatabase(
    { script: (text) => (text === "hangs" ? new Promise(() => undefined) : undefined) },
    { defaults: { timeoutMs: 20 } },
  );
  const error = { code: "QUERY_TIMEOUT", details: { of: "session", timeoutMs: 20 } };
  await expect(db.session((session) => session.query("hangs"))).rejects.toMatchObject(error);
  await expect(db.autocommit.query("hangs")).rejects.toMatchObject(error);
});

test("settings travel with BEGIN, a session's own on top of the database's, which are asked for each time", async () => {
  let tenant = 0;
  const { db, adapter } = fakeDatabase(postgres, {
    defaults: { settings: () => ({ "app.tenant": ++tenant, role: "reader" }) },
  });
  await db.session((session) => session.query("one"));
  await db.session((session) => session.query("two"), { settings: { role: "writer" } });
  expect(adapter.begins).toEqual([
    { settings: { "app.tenant": 1, role: "reader" } },
    { settings: { "app.tenant": 2, role: "writer" } },
  ]);
});

test('with `settings: "required"`, no session goes without them, and nothing is sent', async () => {
  const { db, adapter } = fakeDatabase(postgres, { settings: "required" });
  const refused = /Expected `settings` for this session/;
  await expect(db.session((session) => session.query("one"))).rejects.toThrow(refused);
  await expect(db.transaction((session) => session.query("one"))).rejects.toThrow(refused);
  await expect(db.query("one")).rejects.toThrow(refused);
  await expect(db.autocommit.batch(["one", "two"])).rejects.toThrow(refused);
  expect(() => db.open()).toThrow(refused);
  await db.session((session) => session.query("two"), { settings: { "app.tenant": "acme" } });
  expect(adapter.flights).toEqual(["1: begin | two", "1: commit"]);
});

test("inside a session, settings of a transaction are refused: they are the outermost's", async () => {
  const { db } = fakeDatabase(postgres);
  const settings = { "app.tenant": "acme" };
  await db.session(
    async (session) => {
      const inner = session.transaction(() => undefined, { settings: { "app.tenant": "other" } });
      await expect(inner).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
      await session.transaction((part) => part.query("one"), { settings });
    },
    { settings },
  );
});

test.each<[string, unknown, RegExp]>([
  ["a name that is none", { "app.tenant; drop": "x" }, /Expected a setting's name.*`app.tenant; drop`/],
  ["a value that is none", { "app.tenant": { secret: 1 } }, /Expected the setting `app.tenant` to be well-formed text/],
  ["a list", ["x"], /Expected `settings` to be an object/],
])("%s is a TypeError that shows no value", async (_, settings, message) => {
  const { db, adapter } = fakeDatabase(postgres);
  const failing = db.session((session) => session.query("one"), { settings: settings as Settings });
  await expect(failing).rejects.toThrow(TypeError);
  await expect(failing).rejects.toThrow(message);
  await expect(failing).rejects.not.toThrow(/secret/);
  expect(adapter.flights).toEqual([]);
});

test("on SQLite, settings are a TypeError when the session begins, and options of SQLite are refused on PostgreSQL", async () => {
  const sqlite = fakeDatabase();
  const settings = { "app.tenant": "acme" };
  await expect(sqlite.db.session((session) => session.query("one"), { settings })).rejects.toThrow(
    /Expected no `settings` for SQLite/,
  );
  const { db, adapter } = fakeDatabase(postgres);
  for (const options of [{ foreignKeys: "off" }, { behavior: "immediate" }] as const)
    await expect(db.session((session) => session.query("one"), options)).rejects.toMatchObject({
      code: "TRANSACTION_UNSUPPORTED",
    });
  expect([...sqlite.adapter.flights, ...adapter.flights]).toEqual([]);
});

test('`settings` of a database is "required" or nothing', () => {
  const wrong = { settings: { "app.tenant": 1 } } as unknown as { settings: "required" };
  expect(() => fakeDatabase({}, wrong)).toThrow(/Expected `settings` to be "required"/);
});
