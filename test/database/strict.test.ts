import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { asyncLocal } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const strict = { context: asyncLocal(AsyncLocalStorage, { strict: true }) };

test("with `strict`, a lone statement is refused while a session is open that may have been lost", async () => {
  const { db, adapter } = fakeDatabase({}, strict);
  const emitter = new EventEmitter();
  let heard: Promise<unknown> | undefined;
  // A listener runs in the context in which it is called: here, in none.
  emitter.on("done", () => {
    heard = db.query("lost");
  });
  await db.session(async (session) => {
    await session.query("one");
    strict.context.run(undefined, () => emitter.emit("done"));
    await expect(heard).rejects.toMatchObject({
      code: "SESSION_REQUIRED",
      message: expect.stringContaining("AsyncLocalStorage.bind"),
    });
    await strict.context.run(undefined, () => db.autocommit.query("on purpose"));
    await db.query("two");
  });
  expect(adapter.flights).toEqual(["1: begin | one", "2: on purpose", "1: two", "1: commit"]);
});

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
