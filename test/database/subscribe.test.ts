import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { asyncLocal, createDatabase, type DatabaseEvent } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const types = (events: readonly DatabaseEvent[]): string[] => events.map(({ type }) => type);

test("a listener hears what happens from its subscription to its end; onEvent hears all", async () => {
  const { db, events } = fakeDatabase();
  await db.query("before");
  const heard: DatabaseEvent[] = [];
  const end = db.subscribe((event) => heard.push(event));
  const from = events.length;
  await db.query("one");
  expect(types(heard)).toEqual(types(events.slice(from)));
  expect(heard[0]).toMatchObject({ at: expect.any(Number), pool: expect.any(String) });
  end();
  end();
  await db.query("after");
  expect(heard.length).toBeLessThan(events.length - from);
});

test("without onEvent too, from before the first connection or in the middle of a flight", async () => {
  const heard: DatabaseEvent[] = [];
  let end: (() => void) | undefined;
  const { db } = fakeDatabase(
    { script: (text) => void (text === "one" && (end ??= db.subscribe((event) => heard.push(event)))) },
    { onEvent: undefined as never },
  );
  await db.query("one");
  await db.query("two");
  const flights = heard.filter(({ type }) => type === "flight");
  expect(flights).toMatchObject([
    { statements: ["one"], durationMs: 0 },
    { statements: ["two"], durationMs: expect.any(Number) },
  ]);
  expect(types(heard)).toContain("acquire");
  end!();
  heard.length = 0;
  await db.query("three");
  expect(heard).toEqual([]);
});

test("each subscription is its own: one function twice is called twice, and one that throws stops nobody", async () => {
  const { db } = fakeDatabase();
  const heard: string[] = [];
  const listener = ({ type }: DatabaseEvent): void => {
    heard.push(type);
    throw new Error("boom");
  };
  const ends = [db.subscribe(listener), db.subscribe(listener)];
  await db.query("one");
  expect(heard.filter((type) => type === "flight")).toHaveLength(2);
  ends[0]!();
  await db.query("two");
  expect(heard.filter((type) => type === "flight")).toHaveLength(3);
  expect(() => db.subscribe("x" as never)).toThrow("Expected the listener to be a function, got `string`");
});

test("a listener that another ends in the middle of an event is not called with it; one that it adds hears the next", async () => {
  const { db } = fakeDatabase();
  const heard: string[] = [];
  const hear = (name: string) => (event: DatabaseEvent) => void heard.push(`${name}: ${event.type}`);
  const first = db.subscribe(() => {
    first();
    second();
    db.subscribe(hear("added"));
  });
  const second = db.subscribe(hear("ended"));
  db.subscribe(hear("kept"));
  await db.query("one");
  expect(heard.filter((line) => line.startsWith("ended"))).toEqual([]);
  expect(heard[0]).toBe("kept: session");
  const [kept, added] = ["kept", "added"].map((name) => heard.filter((line) => line.startsWith(name)));
  expect(kept!.length).toBeGreaterThan(1);
  expect(added).toHaveLength(kept!.length - 1);
});

test("a database that has ended hears nothing of the pool that it shared", async () => {
  const { db } = fakeDatabase();
  const heard: DatabaseEvent[] = [];
  await db.query("one");
  await db.dispose();
  db.subscribe((event) => heard.push(event));
  await expect(db.query("two")).rejects.toMatchObject({ code: "POOL_CLOSED" });
  expect(heard.filter(({ type }) => type === "open" || type === "close")).toEqual([]);
});

test("a session's name is told with it, and with what its connection does", async () => {
  const { db, events } = fakeDatabase();
  await db.session((s) => expect(s.name).toBe("nightly report"), { name: "nightly report" });
  await db.session(
    async (s) => {
      await s.query("one");
      await s.transaction((inner) => expect(inner.name).toBe("checkout"));
    },
    { name: "checkout" },
  );
  await db.session((s) => expect(s.name).toBeUndefined());
  expect(events.filter(({ type }) => type === "session")).toMatchObject([
    { name: "nightly report" },
    { name: "checkout" },
    { name: undefined },
  ]);
  expect(events.find(({ type }) => type === "acquire")).toMatchObject({ owner: { name: "checkout" } });
});

test("what a listener does to its event, no other hears of, nor another database on the same pool", async () => {
  const { adapter } = fakeDatabase();
  const heard: DatabaseEvent[][] = [[], [], []];
  const spoil = (at: number) => (event: DatabaseEvent) => {
    heard[at]!.push({ ...event });
    Object.assign(event, { type: "spoiled", pool: "spoiled", connection: "spoiled" });
  };
  const databases = [0, 1].map(() =>
    createDatabase("fake:shared", { adapters: [adapter.factory], context: asyncLocal(AsyncLocalStorage) }),
  );
  databases[0]!.subscribe(spoil(0));
  databases[0]!.subscribe(spoil(1));
  databases[1]!.subscribe(spoil(2));
  for (const db of databases) await db.query("one");
  for (const db of databases) await db.dispose();
  expect(types(heard[1]!)).toEqual(types(heard[0]!));
  for (const events of heard) {
    expect(types(events)).toEqual(expect.arrayContaining(["open", "acquire", "release"]));
    expect(types(events)).not.toContain("spoiled");
    expect(events.map(({ pool }) => pool)).not.toContain("spoiled");
  }
});
