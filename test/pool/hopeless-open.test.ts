import { expect, test } from "vitest";
import { DbError } from "../../src/errors.ts";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

const wrongPassword = new DbError("AUTH_FAILED", "wrong password", { adapter: "fake" });

test.each([
  ["an error that no retry heals", wrongPassword],
  ["a bug", new TypeError("x is not a function")],
])("%s is told to everybody at once when no other connection could serve them", async (_, error) => {
  const kit = fakePool({}, (source) => (source.opens = [error]));
  const waiting = Array.from({ length: 3 }, () => kit.pool.acquire());
  for (const each of waiting) await expect(each).rejects.toBe(error);
  expect(kit.source.opensBegun).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("it is told to the first in line alone when a connection that is lent can still serve the others", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", wrongPassword]));
  const lease = await kit.pool.acquire();
  const first = kit.pool.acquire();
  const second = kit.pool.acquire();
  await expect(first).rejects.toBe(wrongPassword);
  lease.release();
  (await second).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("so it is while another open is under way, which serves the next", async () => {
  const kit = fakePool({ max: 2 });
  const open = kit.source.open.bind(kit.source);
  const later = (ms: number): Promise<void> => new Promise((resolve) => kit.clock.setTimeout(resolve, ms));
  kit.source.open = async (options) => {
    if (kit.source.opensBegun > 0) return open(options);
    kit.source.opensBegun++;
    await later(20);
    throw wrongPassword;
  };
  kit.source.opens = [40];
  const first = expect(kit.pool.acquire()).rejects.toBe(wrongPassword);
  const second = kit.pool.acquire();
  await kit.clock.advance(100);
  await first;
  (await second).release();
  expect(kit.source.log).toEqual(["open 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("so it is while a connection is being closed, in whose place another is opened", async () => {
  const kit = fakePool({ max: 2 }, (source) => {
    source.opens = ["now", wrongPassword, "now"];
    source.closes = 100;
  });
  (await kit.pool.acquire()).release({ dirty: true });
  const first = expect(kit.pool.acquire()).rejects.toBe(wrongPassword);
  const second = kit.pool.acquire();
  await kit.clock.advance(200);
  await first;
  (await second).release();
  kit.source.closes = "now";
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test.each([undefined, null, "down"])("an open that fails with %s is tried again", async (reason) => {
  const kit = fakePool();
  const open = kit.source.open.bind(kit.source);
  kit.source.open = () => {
    kit.source.open = open;
    return Promise.reject(reason);
  };
  const waiting = kit.pool.acquire();
  await kit.clock.advance(100);
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an open that throws at once rejects the caller, and nothing is thrown at them", async () => {
  const kit = fakePool();
  kit.source.open = () => {
    throw new TypeError("no such option");
  };
  await expect(kit.pool.acquire()).rejects.toThrow(new TypeError("no such option"));
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
