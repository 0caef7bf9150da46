import { expect, onTestFinished, test } from "vitest";
import { ConnectionPool } from "../../src/pool/pool.ts";
import { pools, type Registered, share, unshare } from "../../src/pool/registry.ts";
import { collect } from "../kit/collect.ts";
import { type FakePool, fakePool } from "../kit/fake-source.ts";

interface Entry extends Registered {
  readonly kit: FakePool;
  readonly pool: FakePool["pool"];
}

/** Finds or makes what is configured by these values; it is taken out at the end of the test. */
function entry(key: string, ...identity: unknown[]): Entry {
  const found = share(key, identity, (name): Entry => {
    const kit = fakePool({ name });
    const matches = (other: readonly unknown[]): boolean =>
      other.length === identity.length && other.every((part, at) => Object.is(part, identity[at]));
    return { kit, pool: kit.pool, matches };
  });
  onTestFinished(() => unshare(found));
  return found;
}

test("POOLS and pools() show what is registered, as it is now", async () => {
  const { pool } = entry("fake:one");
  expect(pools().get("fake:one")).toMatchObject({ open: 0 });
  await pool.acquire();
  expect([...ConnectionPool.POOLS.keys()]).toEqual(["fake:one"]);
  expect(ConnectionPool.POOLS.get("fake:one")).toMatchObject({ open: 1, busy: 1 });
});

test("what is configured by the same values is found, and all else is told apart by its number", () => {
  const hook = (): void => undefined;
  const one = entry("fake:one", "url", 5, undefined, hook);
  expect(entry("fake:one", "url", 5, undefined, hook)).toBe(one);
  const others = [
    entry("fake:one", "url", 5, undefined, () => undefined),
    entry("fake:one", "url", "5", undefined, hook),
    entry("fake:one", "url", 5, null, hook),
    entry("fake:one", "url", 5, undefined),
    entry("fake:two", "url", 5, undefined, hook),
  ];
  expect(others.map(({ pool }) => pool.name)).toEqual([
    "fake:one#2",
    "fake:one#3",
    "fake:one#4",
    "fake:one#5",
    "fake:two",
  ]);
});

test("values that only look alike are told apart by what they are", () => {
  // "Aa" and "BB" have one hash.
  const [one, other] = [entry("fake:one", "Aa"), entry("fake:one", "BB")];
  expect([one.pool.name, other.pool.name]).toEqual(["fake:one", "fake:one#2"]);
  expect(entry("fake:one", "Aa")).toBe(one);
  expect(entry("fake:one", "BB")).toBe(other);
  unshare(one);
  expect(entry("fake:one", "BB")).toBe(other);
});

test("a number is given once, while anything of its key is left", () => {
  const [first, second] = [entry("fake:one", 1), entry("fake:one", 2)];
  unshare(second);
  expect(entry("fake:one", 3).pool.name).toBe("fake:one#3");
  unshare(entry("fake:one", 3));
  unshare(first);
  expect(entry("fake:one", 4).pool.name).toBe("fake:one");
});

test("to take one out takes no other out that has its name by now", () => {
  const first = entry("fake:one", 1);
  unshare(first);
  const second = entry("fake:one", 1);
  unshare(first);
  expect(entry("fake:one", 1)).toBe(second);
});

test("one that was collected is taken out by who looks for it, and its finalizer finds nothing left to do", async () => {
  const drop = (): void =>
    void share("fake:one", ["dropped"], (): Registered => ({ pool: fakePool({ name: "fake:one" }).pool, matches }));
  const matches = (): boolean => true;
  drop();
  const kept = entry("fake:one", "kept");
  // References to it are weak from the next turn on; finalizers run in a turn of their own.
  await turn();
  collect();
  expect([...pools().keys()]).toEqual(["fake:one#2"]);
  expect(entry("fake:one", "dropped").pool.name).toBe("fake:one#3");
  await turn();
  await turn();
  expect([...pools().keys()]).toEqual(["fake:one#2", "fake:one#3"]);
  expect(entry("fake:one", "kept")).toBe(kept);
});

test("a second copy of the package finds the same pools", () => {
  entry("fake:one");
  const KEY = Symbol.for("isopool.registry.3");
  const registry = (globalThis as unknown as Record<symbol, { readonly members: ReadonlyMap<string, unknown> }>)[KEY];
  expect([...registry!.members.keys()]).toEqual(["fake:one"]);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
