import { expect, test } from "vitest";
import { createDatabase, type DatabaseOptions } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const { factory } = new FakeAdapter();

test.each<[string, unknown, RegExp]>([
  ["no options", undefined, /`adapters`.*sqlJs\(/],
  ["null", null, /`adapters`/],
  ["no adapters", {}, /`adapters`/],
  ["an empty list of adapters", { adapters: [] }, /`adapters`/],
  ["one adapter without a list", { adapters: factory }, /`adapters`.*list/],
  ["an adapter that was not called", { adapters: [() => factory] }, /`adapters`.*sqlJs\(/],
  ["an adapter that is undefined", { adapters: [undefined] }, /`adapters`.*sqlJs\(/],
  ["a context that is none", { adapters: [factory], context: "asyncLocal" }, /`context`/],
  ["a context that was not called", { adapters: [factory], context: () => undefined }, /`context`/],
  ["a runtime that is none", { adapters: [factory], runtime: "workers" }, /`runtime`/],
  ["a runtime that was not called", { adapters: [factory], runtime: () => undefined }, /`runtime`/],
  ["a pool that is none", { adapters: [factory], pool: 5 }, /`pool`/],
  [
    "checkActiveConnection as a number",
    { adapters: [factory], checkActiveConnection: 1 },
    /`checkActiveConnection` to be a boolean, got `(1|number)`/,
  ],
  ["setup as one text", { adapters: [factory], setup: "pragma" }, /`setup`.*(list|array).*got/],
  [
    "a hook that is no function",
    { adapters: [factory], afterConnection: "set" },
    /`afterConnection` to be a function, got `(set|string)`/,
  ],
  [
    "a first hook that is no function",
    { adapters: [factory], afterFirstConnection: {} },
    /`afterFirstConnection` to be a function, got/,
  ],
  ["a listener that is no function", { adapters: [factory], onEvent: [] }, /`onEvent` to be a function, got/],
  ["stacks as a text", { adapters: [factory], stacks: "yes" }, /`stacks` to be a boolean, got `(yes|string)`/],
  ["a default deadline that is none", { adapters: [factory], defaults: { timeoutMs: "5s" } }, /`timeoutMs`.*`5s`/],
  ["default retries that are none", { adapters: [factory], defaults: { retry: -1 } }, /`retry`.*`-1`/],
  [
    "default retries with a wait that is none",
    { adapters: [factory], defaults: { retry: { retries: 1, delayMs: "1" } } },
    /`delayMs`/,
  ],
  ["a folder that is no text", { adapters: [factory], folder: 5 }, /`folder` to be a string, got `(5|number)`/],
])(
  "%s is a TypeError at construction that names the option, what came, and what is wanted",
  (_what, options, message) => {
    const make = () => createDatabase("fake:db", options as DatabaseOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  },
);

test.each<[string, unknown]>([
  ["BEGIN", "begin"],
  ["no statement", 5],
  ["undefined", undefined],
])("setup with %s in it is refused at construction", (_what, statement) => {
  expect(() => createDatabase("fake:db", { adapters: [factory], setup: [statement as string] })).toThrow();
});

test("work that is no function is a TypeError, and nothing is opened", async () => {
  const { db, adapter } = fakeDatabase();
  await expect(db.session(undefined as never)).rejects.toThrow(/work to be a function, got `undefined`/);
  await expect(db.transaction("work" as never)).rejects.toThrow(/work to be a function, got `string`/);
  await db
    .session((s) => expect(s.transaction({} as never)).rejects.toThrow(/work to be a function/))
    .catch(() => undefined);
  expect(adapter.log).toEqual([]);
});

test.each([-1, Number.NaN, "100"])(
  "timeoutMs: %j is a TypeError that names it, for a statement, a session, and dispose()",
  async (timeoutMs) => {
    const { db, adapter } = fakeDatabase();
    const options = { timeoutMs: timeoutMs as number };
    const expected = `\`timeoutMs\` to be a number >= 0, got \`${String(timeoutMs)}\``;
    await expect(db.session(() => 1, options)).rejects.toThrow(expected);
    await db.session(async (s) => {
      await expect(s.query("one", [], options)).rejects.toThrow(expected);
      await expect(s.batch(["one"], options)).rejects.toThrow(expected);
    });
    expect(adapter.log).toEqual([]);
    await db.autocommit.query("one");
    await expect((async () => db.dispose(options))()).rejects.toThrow(expected);
    // Nothing was done by it: the database goes on, until it is disposed properly.
    await db.autocommit.query("two");
  },
);

test("an isolation level or access mode that does not exist is refused before anything is opened", async () => {
  const { db, adapter } = fakeDatabase();
  await expect(db.session((s) => s.query("one"), { isolationLevel: "chaos" as never })).rejects.toThrow(/chaos/);
  await expect(db.session((s) => s.query("one"), { accessMode: "write only" as never })).rejects.toThrow(/write only/);
  expect(adapter.log).toEqual([]);
});
