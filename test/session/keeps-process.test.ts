import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

test("a driver hears when another session has its connection: what the last one left must be gone", async () => {
  const { db, adapter } = fakeDatabase();
  const log: string[] = [];
  const open = adapter.connections.push.bind(adapter.connections);
  adapter.connections.push = (...connections) => {
    for (const connection of connections)
      Object.assign(connection, { renew: () => log.push(`renew ${adapter.flights.at(-1)}`) });
    return open(...connections);
  };
  for (const text of ["one", "two", "three"]) await db.autocommit.query(text);
  expect(log).toEqual(["renew 1: one", "renew 1: two"]);
});

test("a connection keeps its process alive while it is lent, and not while it is idle", async () => {
  const { db, adapter } = fakeDatabase();
  const held: boolean[] = [];
  const open = adapter.connections.push.bind(adapter.connections);
  adapter.connections.push = (...connections) => {
    for (const connection of connections) Object.assign(connection, { hold: (isHeld: boolean) => held.push(isHeld) });
    return open(...connections);
  };
  await db.session(async (s) => {
    await s.query("one");
    // Who waited for it may have left, until somebody takes it.
    expect(held).toEqual([false, true]);
  });
  expect(held).toEqual([false, true, false]);
  await db.session((s) => s.query("two"));
  expect(held).toEqual([false, true, false, true, false]);
});
