// Promise: an option that cannot be meant is refused with its name and a remedy, and nothing is sent or left behind.

import { expect, test } from "vitest";
import type { Database, SessionOptions } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const asked: Readonly<Record<string, (db: Database, options: SessionOptions) => unknown>> = {
  session: (db, options) => db.session((session) => session.query("a"), options),
  open: async (db, options) => db.open(options),
  query: (db, options) => db.session((session) => session.query("a", [], options)),
  transaction: (db, options) => db.session((session) => session.transaction((inner) => inner.query("a"), options)),
  stream: (db, options) =>
    db.session(async (session) => {
      for await (const row of session.stream("a", options)) expect(row).toBeUndefined();
    }),
};

const signals = [new AbortController(), "x", {}];

test.each(Object.keys(asked))("a signal that is none: %s", async (how) => {
  for (const signal of signals) {
    const { db, adapter } = fakeDatabase();
    const asking = async (): Promise<unknown> => asked[how]!(db, { signal } as SessionOptions);
    const message = `Expected \`signal\` to be an AbortSignal, as \`controller.signal\`, got \`${String(signal)}\``;
    await expect(asking()).rejects.toThrow(new TypeError(message));
    expect([adapter.flights, db.stats().busy]).toEqual([[], 0]);
    await db.dispose();
  }
});

test("`retry: null`", async () => {
  const { db } = fakeDatabase();
  const asking = db.session((session) => session.query("a"), { retry: null as unknown as number });
  await expect(asking).rejects.toThrow(new TypeError("Expected `retry` to be an integer >= 0, got `null`"));
});

// FOUND: refused, it counted as an open session for ever: with `strict`, no lone statement ran any more.
test.each(["signal", "timeoutMs", "waitUntil"])("an open() that is refused leaves no session: %s", (name) => {
  const { db, events } = fakeDatabase();
  expect(() => db.open({ [name]: "x" })).toThrow(new RegExp(`^Expected \`${name}\` to be a`));
  expect([db.sessions, events]).toEqual([0, []]);
});
