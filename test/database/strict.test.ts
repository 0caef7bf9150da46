import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { asyncLocal } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const strict = { context: asyncLocal(AsyncLocalStorage, { strict: true }) };

test.each([
  ["its context provider", strict],
  ["the database", { context: asyncLocal(AsyncLocalStorage), strict: true }],
])(
  "with `strict` of %s, a lone statement is refused while a session is open that may have been lost",
  async (_, given) => {
    const { db, adapter } = fakeDatabase({}, given);
    const emitter = new EventEmitter();
    let heard: Promise<unknown> | undefined;
    // A listener runs in the context in which it is called: here, in none.
    emitter.on("done", () => {
      heard = db.query("lost");
    });
    await db.session(async (session) => {
      await session.query("one");
      given.context.run(undefined, () => emitter.emit("done"));
      await expect(heard).rejects.toMatchObject({
        code: "SESSION_REQUIRED",
        message: expect.stringContaining("AsyncLocalStorage.bind"),
      });
      await given.context.run(undefined, () => db.autocommit.query("on purpose"));
      await db.query("two");
    });
    expect(adapter.flights).toEqual(["1: begin | one", "2: on purpose", "1: two", "1: commit"]);
  },
);

test("with `strict`, lone statements are fine beside each other, and when no session is open any more", async () => {
  const { db, adapter } = fakeDatabase({}, strict);
  const session = db.open();
  await expect(db.query("beside")).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  await session.close();
  await session.reconnect();
  await expect(db.query("beside")).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  await session.close();
  await Promise.all([db.query("one"), db.query("two")]);
  expect(adapter.flights.map((line) => line.slice(3)).sort()).toEqual(["one", "two"]);
});

test("what a database says of `strict` comes before what its context provider was told", async () => {
  const { db } = fakeDatabase({}, { ...strict, strict: false });
  const session = db.open();
  await db.query("beside");
  await session.close();
  expect(() => fakeDatabase({}, { strict: "yes" as never })).toThrow("`strict`");
});
