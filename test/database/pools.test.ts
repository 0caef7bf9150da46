import { expect, test } from "vitest";
import { ConnectionPool, createDatabase, pools } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const mine = (): string[] => [...pools().keys()].filter((key) => key.includes("pools-test"));

test("pools() tells every pool by its key, in live numbers; POOLS is the same", async () => {
  const { db } = fakeDatabase({ key: "fake:pools-test" });
  expect(mine()).toEqual([]);
  await db.autocommit.query("one");
  expect(mine()).toEqual(["fake:pools-test"]);
  expect(pools().get("fake:pools-test")).toMatchObject({ open: 1, idle: 1, busy: 0, max: 10 });
  const session = db.open();
  await session.query("one");
  expect(pools().get("fake:pools-test")).toMatchObject({ open: 1, idle: 0, busy: 1 });
  expect(ConnectionPool.POOLS.get("fake:pools-test")).toEqual(pools().get("fake:pools-test"));
  await session.close();
  await db.dispose();
  expect(mine()).toEqual([]);
});

test("who changes what pools() gave changes no pool", async () => {
  const { db } = fakeDatabase({ key: "fake:pools-test" });
  await db.autocommit.query("one");
  (pools() as Map<string, unknown>).clear();
  expect(mine()).toEqual(["fake:pools-test"]);
});

test("a second configuration of one URL is told apart by a number, and a private source by its own", async () => {
  const { db, adapter } = fakeDatabase({ key: "fake:pools-test" });
  const other = createDatabase("fake:db", { adapters: [adapter.factory], pool: { max: 3 } });
  const hidden = createDatabase("fake:db", { adapters: [new FakeAdapter({ key: undefined }).factory] });
  const before = new Set(pools().keys());
  for (const each of [db, other, hidden]) await each.autocommit.query("one");
  const added = [...pools().keys()].filter((key) => !before.has(key));
  expect(added).toEqual(["fake:pools-test", "fake:pools-test#2", expect.stringMatching(/^fake:private#\d+$/)]);
  await Promise.all([other.dispose(), hidden.dispose()]);
});

test("no key bears a secret, and neither does the registry when it is printed", async () => {
  const { inspect } = await import("node:util");
  const adapter = new FakeAdapter({ key: "fake://shop.example" });
  const db = createDatabase("fake://ada:s3cret@shop.example?token=t0ken", {
    adapters: [adapter.factory],
    setup: [{ text: "set x", params: ["v4lue"] }],
  });
  await db.autocommit.query("one");
  const registries = Object.getOwnPropertySymbols(globalThis).filter((symbol) =>
    symbol.description?.startsWith("isopool."),
  );
  expect(registries.length).toBeGreaterThan(0);
  const printed = registries
    .map((symbol) => inspect((globalThis as never)[symbol], { depth: 8, showHidden: true }))
    .join("\n");
  expect(printed).toContain("fake://shop.example");
  for (const secret of ["s3cret", "t0ken"]) expect(printed).not.toContain(secret);
  await db.dispose();
});
