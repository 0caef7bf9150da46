import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import type { Owner } from "../../src/contract/events.ts";
import type { DbError } from "../../src/errors.ts";
import { type FakePool, fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

const owner = (id: number, parent?: Owner): Owner => ({ id, parent });

test("whoever waits for a connection that only their own parent could release is told at once", async () => {
  const kit = fakePool({ max: 1 });
  const outer = owner(1);
  const lease = await kit.pool.acquire({ owner: outer });
  await expect(kit.pool.acquire({ owner: owner(2, outer) })).rejects.toMatchObject({
    code: "POOL_DEADLOCK",
    retryable: false,
    details: { max: 1, stacks: [] },
    message: expect.stringMatching(/transaction\(\).*raise max/) as string,
  });
  expect(kit.pool.stats().waiting).toBe(0);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("with stacks it shows where the caller is and where the holders acquired", async () => {
  const kit = fakePool({ max: 1, stacks: true });
  const outer = owner(1);
  const lease = await holdHere(kit, outer);
  const error = await kit.pool.acquire({ owner: owner(2, outer) }).catch((reason: DbError<"POOL_DEADLOCK">) => reason);
  expect((error as DbError<"POOL_DEADLOCK">).details.stacks).toEqual([
    expect.any(String),
    expect.stringContaining("holdHere"),
  ]);
  lease.release();
});

test("two who hold one connection each and want another are a deadlock when the second of them asks", async () => {
  const kit = fakePool({ max: 2 });
  const [first, second] = [owner(1), owner(2)];
  const leases = [await kit.pool.acquire({ owner: first }), await kit.pool.acquire({ owner: second })];
  const waiting = kit.pool.acquire({ owner: owner(3, first) });
  await expect(kit.pool.acquire({ owner: owner(4, second) })).rejects.toThrow("POOL_DEADLOCK");
  leases[1]!.release();
  (await waiting).release();
  leases[0]!.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a circle over two pools is found", async () => {
  const [one, other] = [fakePool({ max: 1 }), fakePool({ max: 1 })];
  const [first, second] = [owner(1), owner(2)];
  const leases = [await one.pool.acquire({ owner: first }), await other.pool.acquire({ owner: second })];
  const waiting = other.pool.acquire({ owner: first });
  await expect(one.pool.acquire({ owner: second })).rejects.toThrow("POOL_DEADLOCK");
  leases[1]!.release();
  (await waiting).release();
  leases[0]!.release();
  for (const kit of [one, other]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("it is no deadlock while somebody can still go on", async () => {
  const kit = fakePool({ max: 2 });
  const outer = owner(1);
  const leases = [await kit.pool.acquire({ owner: outer }), await kit.pool.acquire({ owner: owner(2) })];
  const child = kit.pool.acquire({ owner: owner(3, outer) });
  await settle();
  expect(kit.pool.stats().waiting).toBe(1);
  leases[1]!.release();
  (await child).release();
  leases[0]!.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a circle over two pools is no deadlock while a connection of one of them can come free", async () => {
  const [one, other] = [fakePool({ max: 1 }), fakePool({ max: 2 })];
  const [first, second] = [owner(1), owner(2)];
  const leases = [await one.pool.acquire({ owner: first }), await other.pool.acquire({ owner: second })];
  const free = await other.pool.acquire({ owner: owner(3) });
  const waiting = [other.pool.acquire({ owner: first }), one.pool.acquire({ owner: second })];
  free.release();
  (await waiting[0]!).release();
  leases[0]!.release();
  (await waiting[1]!).release();
  leases[1]!.release();
  for (const kit of [one, other]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a holder without an owner is never taken to be waiting", async () => {
  const kit = fakePool({ max: 2 });
  const outer = owner(1);
  const leases = [await kit.pool.acquire({ owner: outer }), await kit.pool.acquire()];
  const child = kit.pool.acquire({ owner: owner(2, outer) });
  leases[1]!.release();
  (await child).release();
  leases[0]!.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an idle connection is held by nobody, whoever had it last", async () => {
  const kit = fakePool({ max: 1 }, (source) => (source.validate = () => Promise.resolve(true)));
  const outer = owner(1);
  (await kit.pool.acquire({ owner: outer })).release();
  kit.clock.jump(2_000);
  (await kit.pool.acquire({ owner: owner(2, outer) })).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a caller that gave up no longer counts as waiting", async () => {
  const [one, other] = [fakePool({ max: 1 }), fakePool({ max: 1 })];
  const [first, second] = [owner(1), owner(2)];
  const leases = [await one.pool.acquire({ owner: first }), await other.pool.acquire({ owner: second })];
  const controller = new AbortController();
  const gone = expect(other.pool.acquire({ owner: first, signal: controller.signal })).rejects.toBe("gone");
  controller.abort("gone");
  await gone;
  const waiting = one.pool.acquire({ owner: second });
  leases[0]!.release();
  (await waiting).release();
  leases[1]!.release();
  for (const kit of [one, other]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("those who wait in a pool whose request was cut off no longer count as waiting", async () => {
  const [one, other] = [fakePool({ max: 1 }), fakePool({ max: 1 })];
  const [first, second] = [owner(1), owner(2)];
  const leases = [await one.pool.acquire({ owner: first }), await other.pool.acquire({ owner: second })];
  const controller = new AbortController();
  let isSettled = false;
  const settled = (): void => void (isSettled = true);
  other.pool.acquire({ owner: first, signal: controller.signal }).then(settled, settled);
  other.pool.abandon();
  const waiting = one.pool.acquire({ owner: second });
  leases[0]!.release();
  (await waiting).release();
  controller.abort();
  await other.clock.advance(5_000);
  leases[1]!.release();
  for (const kit of [one, other]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  expect(isSettled).toBe(false);
});

test("a circle over three pools is found, whoever closes it, and none where one of them has room", async () => {
  for (const max of [1, 2]) {
    const kits = [fakePool({ max: 1 }), fakePool({ max: 1 }), fakePool({ max })];
    const owners = [owner(1), owner(2), owner(3)];
    const leases = [];
    for (const [place, { pool }] of kits.entries()) leases.push(await pool.acquire({ owner: owners[place] }));
    const waiting = [1, 2].map((place) => kits[place]!.pool.acquire({ owner: owner(10 + place, owners[place - 1]) }));
    const last = kits[0]!.pool.acquire({ owner: owners[2] }).then(
      (lease) => lease.release(),
      (error: unknown) => error,
    );
    for (const kit of kits) await kit.clock.advance(1);
    if (max === 1) expect(await last).toMatchObject({ code: "POOL_DEADLOCK" });
    else (await waiting[1]!).release();
    leases[2]!.release();
    if (max === 1) (await waiting[1]!).release();
    leases[1]!.release();
    (await waiting[0]!).release();
    leases[0]!.release();
    await last;
    for (const kit of kits) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  }
});

test("who waits in two pools at once is followed into both", async () => {
  const [one, two, three] = [fakePool({ max: 1 }), fakePool({ max: 1 }), fakePool({ max: 1 })];
  const [a, b] = [owner(1), owner(2)];
  const leases = [
    await one.pool.acquire({ owner: a }),
    await two.pool.acquire({ owner: b }),
    await three.pool.acquire({ owner: owner(3) }),
  ];
  const waiting = [three.pool.acquire({ owner: a }), two.pool.acquire({ owner: a })];
  await expect(one.pool.acquire({ owner: b })).rejects.toThrow("POOL_DEADLOCK");
  leases[1]!.release();
  (await waiting[1]!).release();
  // It waits on in the other, which somebody holds who can go on.
  const next = one.pool.acquire({ owner: b });
  leases[2]!.release();
  (await waiting[0]!).release();
  leases[0]!.release();
  (await next).release();
  for (const kit of [one, two, three]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("who waits twice in one pool is followed until both waits are over", async () => {
  const [one, other] = [fakePool({ max: 1 }), fakePool({ max: 1 })];
  const [a, b] = [owner(1), owner(2)];
  const leases = [await one.pool.acquire({ owner: a }), await other.pool.acquire({ owner: b })];
  const controller = new AbortController();
  const waiting = other.pool.acquire({ owner: a });
  const gone = expect(other.pool.acquire({ owner: a, signal: controller.signal })).rejects.toBe("gone");
  await expect(one.pool.acquire({ owner: b })).rejects.toThrow("POOL_DEADLOCK");
  controller.abort("gone");
  await gone;
  await expect(one.pool.acquire({ owner: b })).rejects.toThrow("POOL_DEADLOCK");
  leases[1]!.release();
  (await waiting).release();
  leases[0]!.release();
  for (const kit of [one, other]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("of two waits in two pools, the one that is over is not followed, and the other is", async () => {
  const [one, two, three] = [fakePool({ max: 1 }), fakePool({ max: 1 }), fakePool({ max: 1 })];
  const [a, b, c] = [owner(1), owner(2), owner(3)];
  const held = [
    await one.pool.acquire({ owner: a }),
    await two.pool.acquire({ owner: b }),
    await three.pool.acquire({ owner: c }),
  ];
  const controller = new AbortController();
  const waiting = three.pool.acquire({ owner: a });
  const gone = expect(two.pool.acquire({ owner: a, signal: controller.signal })).rejects.toBe("gone");
  controller.abort("gone");
  await gone;
  await expect(one.pool.acquire({ owner: c })).rejects.toThrow("POOL_DEADLOCK");
  const patient = one.pool.acquire({ owner: b });
  held[2]!.release();
  (await waiting).release();
  held[0]!.release();
  (await patient).release();
  held[1]!.release();
  for (const kit of [one, two, three]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

function holdHere({ pool }: FakePool, holder: Owner) {
  return pool.acquire({ owner: holder });
}
