import { expect, test } from "vitest";
import { createDatabase, explicit } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("the dialect and the capabilities are known from a URL that is a text, with no connection", async () => {
  const { db, adapter } = fakeDatabase({ capabilities: { dialect: "postgres", savepoints: false } });
  expect(db.dialect).toBe("postgres");
  expect(db.capabilities).toMatchObject({ dialect: "postgres", savepoints: false });
  expect(await db.ready()).toBe(db);
  expect(adapter.log).toEqual([]);
});

test("of a URL function they are known after ready(), which opens nothing", async () => {
  const adapter = new FakeAdapter();
  await using db = createDatabase(async () => "fake:db", { adapters: [adapter.factory] });
  expect([db.dialect, db.capabilities]).toEqual([undefined, undefined]);
  await db.ready();
  expect(db.dialect).toBe("sqlite");
  expect(db.capabilities?.savepoints).toBe(true);
  expect(adapter.log).toEqual([]);
});

test("ready() says what is wrong with the URL function", async () => {
  const { factory } = new FakeAdapter();
  const boom = new Error("boom");
  await expect(createDatabase(() => Promise.reject(boom), { adapters: [factory] }).ready()).rejects.toBe(boom);
  await expect(createDatabase(() => "other:x", { adapters: [factory] }).ready()).rejects.toThrow(TypeError);
  const never = createDatabase(() => new Promise<never>(() => undefined), {
    adapters: [factory],
    pool: { openTimeoutMs: 20 },
  });
  await expect(never.ready()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
});

test("close() with no session current names dispose()", async () => {
  const { db } = fakeDatabase();
  await expect(db.close()).rejects.toMatchObject({
    code: "SESSION_REQUIRED",
    message: expect.stringContaining("to end the database itself, use dispose()"),
  });
  const byHand = createDatabase("fake:db", { adapters: [new FakeAdapter().factory], context: explicit() });
  await expect(byHand.close("rollback")).rejects.toThrow("dispose()");
  await expect(byHand.commit()).rejects.not.toThrow("dispose()");
});
