// FOUND: a URL function that never settles held its first statement for ever.

import { describe, expect, test } from "vitest";
import { shared, type UrlSource } from "../../src/index.ts";
import { createDatabase } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow } from "../kit/fake-database.ts";

const never: UrlSource = () => new Promise(() => undefined);

function made(url: UrlSource) {
  const clock = new FakeClock();
  const adapter = new FakeAdapter();
  const options = { adapters: [adapter.factory], runtime: { ...shared(), clock }, pool: { openTimeoutMs: 50 } };
  return { db: createDatabase(url, options), clock, adapter };
}

describe("a URL function that never settles", () => {
  test.each([
    ["db.autocommit.query()", (db: ReturnType<typeof made>["db"]) => db.autocommit.query("one")],
    ["db.session()", (db: ReturnType<typeof made>["db"]) => db.session((s) => s.query("one"))],
    ["getConnection()", (db: ReturnType<typeof made>["db"]) => db.session((s) => s.getConnection())],
    ["a stream", (db: ReturnType<typeof made>["db"]) => db.autocommit.stream("one")[Symbol.asyncIterator]().next()],
  ])("ends %s within openTimeoutMs", async (_what, run) => {
    const { db, clock } = made(never);
    const running: Promise<unknown> = run(db);
    running.catch(() => undefined);
    await clock.advance(49);
    expect(await byNow(running)).toBe("pending");
    await clock.advance(1);
    await expect(running).rejects.toMatchObject({ code: "CONNECT_FAILED", message: expect.stringContaining("50 ms") });
    expect(clock.timers).toBe(0);
    await db.dispose();
  });

  test("is given up by the signal of a session, with its reason", async () => {
    const { db } = made(never);
    const controller = new AbortController();
    const reason = new Error("gone");
    const work = db.session((s) => s.query("one"), { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(work).rejects.toBe(reason);
    await db.dispose();
  });

  test("holds up nobody who asks later: each asks for itself", async () => {
    let asked = 0;
    const { db, clock, adapter } = made(() => (++asked === 1 ? new Promise<string>(() => undefined) : "fake:db"));
    const first = db.autocommit.query("one");
    first.catch(() => undefined);
    await db.autocommit.query("two");
    await clock.advance(50);
    await expect(first).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    expect(adapter.flights).toEqual(["1: two"]);
    await db.dispose();
  });

  test("at a reopening, when the pool is there, is bounded by the time to open too", async () => {
    let asked = 0;
    const { db, clock } = made(() => (++asked <= 2 ? "fake:db" : new Promise<string>(() => undefined)));
    await db.autocommit.query("one");
    const holder = db.open();
    await holder.query("holds the first");
    const second = db.autocommit.query("two");
    second.catch(() => undefined);
    await clock.advance(6_000);
    await expect(second).rejects.toMatchObject({ code: expect.stringMatching(/CONNECT_FAILED|POOL_TIMEOUT/) });
    await holder.close();
    await db.dispose();
  });
});
