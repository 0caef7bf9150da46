// Random borrowers over a source that fails in every way, on a virtual clock: the same seed is the same story.

import { expect, test, vi } from "vitest";
import { ConnectionPool, type Lease, type PoolEvent, type PoolSource } from "../../src/pool/pool.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { seeded } from "../kit/seeded.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 250);

interface Connection {
  readonly number: number;
  closes: number;
  holder: number | undefined;
}

test("whatever fails, nothing is lent twice, nothing leaks, and the line is fair", async () => {
  for (let seed = Number(process.env["SEED"] ?? 1); seed <= SEEDS; seed++) {
    const random = vi.spyOn(Math, "random").mockImplementation(seeded(-seed));
    try {
      await runStory(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      random.mockRestore();
    }
  }
});

async function runStory(seed: number): Promise<void> {
  const random = seeded(seed);
  const chance = (share: number): boolean => random() < share;
  const upTo = (most: number): number => Math.floor(random() * most);
  const clock = new FakeClock(0, hop);
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
  const connections: Connection[] = [];
  const max = 1 + upTo(5);
  const isCalm = chance(0.2);
  const failShare = isCalm ? 0 : random() * 0.5;
  let opening = 0;
  const source: PoolSource<Connection> = {
    async open({ signal }) {
      opening++;
      signal.addEventListener("abort", () => opening--, { once: true });
      if (chance(0.7)) await sleep(upTo(40));
      if (chance(failShare / 4)) await (chance(0.5) ? new Promise(() => undefined) : sleep(400));
      if (!signal.aborted) opening--;
      if (chance(failShare)) throw new Error("open failed");
      const connection: Connection = { number: connections.length + 1, closes: 0, holder: undefined };
      connections.push(connection);
      return connection;
    },
    close(connection) {
      expect(connection.holder).toBeUndefined();
      connection.closes++;
      if (chance(failShare)) throw new Error("close failed");
      return chance(0.3) ? sleep(upTo(20)) : undefined;
    },
    async validate() {
      if (chance(0.7)) await sleep(upTo(10));
      if (chance(failShare / 4)) await new Promise(() => undefined);
      if (chance(failShare / 2)) throw new Error("validation failed");
      return !chance(failShare / 2);
    },
  };
  const events: PoolEvent[] = [];
  const pool = new ConnectionPool(source, {
    max,
    maxIdle: upTo(max + 1),
    acquireTimeoutMs: 200,
    openTimeoutMs: 100,
    idleMs: 150,
    validateAfterMs: 20,
    maxLifetimeMs: 800,
    maxUses: 1 + upTo(20),
    leakMs: chance(0.5) ? 30 : 0,
    runtime: clock.runtime(),
    onEvent: (event) => events.push(event),
  });

  let arrivals = 0;
  let lent = 0;
  const wantFresh = new Set<number>();
  const borrow = async (): Promise<void> => {
    await sleep(upTo(300));
    const controller = new AbortController();
    const signal = chance(0.3) ? controller.signal : undefined;
    if (signal && chance(0.8)) void sleep(upTo(100)).then(() => controller.abort("gave up"));
    const place = ++arrivals;
    const usePool = !chance(0.03);
    if (!usePool) wantFresh.add(place);
    let lease: Lease<Connection>;
    try {
      lease = await pool.acquire({
        signal,
        timeoutMs: chance(0.3) ? upTo(150) : undefined,
        usePool,
        owner: { id: place, parent: undefined },
      });
    } catch (error) {
      expect(["gave up", "POOL_TIMEOUT", "POOL_CLOSED"]).toContain((error as { code?: string }).code ?? error);
      return;
    }
    const { connection } = lease;
    expect(connection.holder, "lent twice").toBeUndefined();
    expect(connection.closes, "lent after its close").toBe(0);
    connection.holder = place;
    lent++;
    expect(lent, "more lent than max").toBeLessThanOrEqual(max);
    if (chance(0.8)) await sleep(upTo(30));
    connection.holder = undefined;
    lent--;
    const how = random();
    if (how < 0.02) {
      lease.detach();
      connection.closes++;
    } else lease.release({ broken: how > 0.95, dirty: how > 0.9 });
    expect(() => lease.release()).toThrow("ended already");
  };

  const borrowers = Array.from({ length: 40 + upTo(60) }, borrow);
  if (chance(0.3)) void sleep(upTo(300)).then(() => pool.invalidate());
  if (chance(0.2)) void sleep(upTo(300)).then(() => clock.jump(upTo(400)));
  if (chance(0.1)) void sleep(upTo(300)).then(() => clock.setBack(upTo(1_000)));
  const disposesEarly = chance(0.2);
  if (disposesEarly) void sleep(100 + upTo(200)).then(() => pool.dispose());
  for (let step = 0; step < 60; step++) {
    await clock.advance(25);
    const { open, busy, idle, opening: counted } = pool.stats();
    expect(open + counted, "more connections than max").toBeLessThanOrEqual(max);
    expect(opening, "more opens than the pool counts").toBeLessThanOrEqual(counted);
    expect(busy + idle).toBeLessThanOrEqual(open);
    expect(busy).toBe(lent);
  }
  await Promise.all(borrowers);
  const disposed = pool.dispose();
  await clock.advance(2_000);
  await disposed;
  await settle();
  const served = events.flatMap((event) => (event.type === "acquire" ? [event.owner!.id] : []));
  if (isCalm && !disposesEarly) expect(served.length).toBeGreaterThan(0);
  // Owners are numbered as they come: those who want the same are served in that order, waiting or not.
  for (const isFresh of [true, false]) {
    const places = served.filter((place) => wantFresh.has(place) === isFresh);
    expect(places, "the line is not fair").toEqual(places.toSorted((one, other) => one - other));
  }
  expect(pool.stats()).toMatchObject({ open: 0, busy: 0, idle: 0, opening: 0, waiting: 0 });
  expect(clock.allTimers, "timers left").toBe(0);
  for (const { number, closes } of connections) expect(closes, `closes of connection ${number}`).toBe(1);
  const { opened, closed } = pool.stats();
  expect(Object.values(closed).reduce((sum, count) => sum + count)).toBe(opened);
}

/** Lets promises settle that hang on each other up to 50 deep; much faster than a macrotask. */
async function hop(): Promise<void> {
  for (let hops = 0; hops < 50; hops++) await Promise.resolve();
}
