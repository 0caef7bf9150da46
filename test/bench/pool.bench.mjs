// The pool against what it costs to be fair at all, and against the pools that people use.
// `floor`: a ring queue, an array stack, one promise and one reading of the clock, without which no pool has deadlines; no
// leases, no expiry, no opens.
// Two pools of today are left out. mysql2's makes its connections by itself, and lends none before MySQL's handshake: it cannot
// be driven without a server. undici's lends nothing: it is given requests, and hands them to clients that may pipeline them.
// CPU time, not wall time: others work on this machine too. Rounds are interleaved; a ratio is the median of its rounds.

import { createHook } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import genericPool from "generic-pool";
import { createPool as createLightningPool } from "lightning-pool";
import PgPool from "pg-pool";
import { Pool as TarnPool } from "tarn";
import { ConnectionPool } from "../../dist/pool/pool.js";

const ROUNDS = 9;

class Floor {
  #idle;
  #ring = Array.from({ length: 2 ** 17 });
  #head = 0;
  #tail = 0;
  readAt = 0;

  constructor(size) {
    this.#idle = Array.from({ length: size }, (_, id) => ({ id }));
  }

  acquire() {
    this.readAt = Date.now();
    if (this.#idle.length > 0 && this.#head === this.#tail) return Promise.resolve(this.#idle.pop());
    return new Promise((resolve) => (this.#ring[this.#tail++ & 0x1ffff] = resolve));
  }

  release(resource) {
    if (this.#head === this.#tail) return void this.#idle.push(resource);
    const at = this.#head++ & 0x1ffff;
    const resolve = this.#ring[at];
    this.#ring[at] = undefined;
    resolve(resource);
  }
}

class FakeClient extends EventEmitter {
  connect(done) {
    done();
  }

  end(done) {
    done?.();
  }
}

const create = async () => ({});
const destroy = async () => undefined;

/** Each: a pool of `size`, and a loop of leases; nothing is in the loop but what a user would write. */
const POOLS = {
  floor: { uses: 100_000, make: (size) => new Floor(size), loop: loopResource },
  isopool: {
    uses: 100_000,
    make: (size) => new ConnectionPool({ open: () => ({}), close: () => undefined }, { max: size }),
    loop: async (pool, uses) => {
      for (let use = 0; use < uses; use++) (await pool.acquire()).release();
    },
    end: (pool) => pool.dispose(),
  },
  tarn: {
    uses: 5_000,
    make: (size) => new TarnPool({ create, destroy, min: 0, max: size }),
    loop: async (pool, uses) => {
      for (let use = 0; use < uses; use++) pool.release(await pool.acquire().promise);
    },
    end: (pool) => pool.destroy(),
  },
  "generic-pool": {
    uses: 20_000,
    make: (size) => genericPool.createPool({ create, destroy }, { max: size }),
    loop: loopResource,
    end: (pool) => pool.drain().then(() => pool.clear()),
  },
  "pg-pool": {
    uses: 20_000,
    make: (size) => new PgPool({ Client: FakeClient, max: size }),
    loop: async (pool, uses) => {
      for (let use = 0; use < uses; use++) (await pool.connect()).release();
    },
    end: (pool) => pool.end(),
  },
  "lightning-pool": {
    uses: 20_000,
    make: (size) => createLightningPool({ create, destroy }, { max: size, maxQueue: 1_000_000 }),
    loop: loopResource,
    end: (pool) => pool.close(0),
  },
};

async function loopResource(pool, uses) {
  for (let use = 0; use < uses; use++) pool.release(await pool.acquire());
}

/** Every benchmark of the pool, as rows for `run.mjs`. */
async function poolBench() {
  return [
    ...(await throughput("uncontended", 1, 1, 1.35)),
    ...(await throughput("100 borrowers over 10", 10, 100, 1.6)),
    ...(await depth()),
    await memory(),
    await timers(),
    ...(await burst()),
    ...(await deadServer()),
  ];
}

export default poolBench;

async function throughput(title, size, borrowers, most) {
  const ns = Object.fromEntries(Object.keys(POOLS).map((name) => [name, []]));
  const pools = Object.fromEntries(Object.entries(POOLS).map(([name, { make }]) => [name, make(size)]));
  // The first rounds warm up: they are not counted.
  for (let round = -3; round < ROUNDS; round++) {
    for (const [name, peer] of Object.entries(POOLS)) {
      const startedAt = cpuNs();
      await Promise.all(Array.from({ length: borrowers }, () => peer.loop(pools[name], peer.uses / borrowers)));
      if (round >= 0) ns[name].push((cpuNs() - startedAt) / peer.uses);
    }
  }
  for (const [name, { end }] of Object.entries(POOLS)) await end?.(pools[name]);
  return Object.entries(ns).map(([name, values]) => {
    const ratio = median(values.map((value, round) => value / ns.floor[round]));
    const row = { name: `acquire + release, ${title}: ${name}`, value: median(values), unit: "ns", ratio };
    return name === "isopool" ? { ...row, target: `at most ${most}x the floor`, ok: ratio <= most } : row;
  });
}

/** What one waiter costs, from its acquire to its release, by the length of the line. */
async function depth() {
  const lengths = [1_000, 10_000, 100_000];
  const perWaiter = lengths.map(() => []);
  for (let round = -1; round < 5; round++) {
    for (const [place, length] of lengths.entries()) {
      const pool = POOLS.isopool.make(1);
      const lease = await pool.acquire();
      // As many waiters for each length: a short line is made and drained more often.
      const times = lengths.at(-1) / length / 10;
      const startedAt = cpuNs();
      for (let time = 0; time < Math.max(1, times); time++) {
        const waiting = Array.from({ length }, () => pool.acquire().then((next) => next.release()));
        if (time === 0) lease.release();
        await Promise.all(waiting);
      }
      if (round >= 0) perWaiter[place].push((cpuNs() - startedAt) / (length * Math.max(1, times)));
      await pool.dispose();
    }
  }
  const values = perWaiter.map(median);
  return lengths.map((length, place) => {
    const row = {
      name: `one waiter of ${length.toLocaleString("en")}`,
      value: values[place],
      unit: "ns",
      ratio: values[place] / values[0],
    };
    return place === 0 ? row : { ...row, target: "at most 2.5x one of 1,000", ok: values[place] / values[0] <= 2.5 };
  });
}

async function memory() {
  const count = 10_000;
  const pool = POOLS.isopool.make(1);
  const lease = await pool.acquire();
  const waiting = Array.from({ length: count });
  // A first line warms up what grows once; the measured one is the second.
  for (let place = 0; place < count; place++) waiting[place] = pool.acquire({ timeoutMs: 1 }).catch(() => undefined);
  await Promise.all(waiting);
  waiting.fill(undefined);
  const before = heapBytes();
  for (let place = 0; place < count; place++) waiting[place] = pool.acquire();
  const value = (heapBytes() - before) / count;
  const drained = Promise.all(waiting.map(async (each) => (await each).release()));
  lease.release();
  await drained;
  await pool.dispose();
  return {
    name: "memory of one waiter with a deadline, its promise included",
    value,
    unit: "B",
    target: "at most 350 B",
    ok: value <= 350,
  };
}

async function timers() {
  const pool = POOLS.isopool.make(1);
  (await pool.acquire()).release();
  let value = 0;
  const hook = createHook({ init: (_, type) => void (value += type === "Timeout" ? 1 : 0) }).enable();
  for (let use = 0; use < 1_000; use++) (await pool.acquire()).release();
  hook.disable();
  await pool.dispose();
  return { name: "timers set by 1,000 leases", value, unit: "", target: "none", ok: value === 0 };
}

/** The middle of several bursts, each beside as many sleeps in a row: one of either would measure what else the machine does. */
async function burst() {
  const times = [];
  const ratios = [];
  const opens = [];
  for (let round = 0; round < ROUNDS; round++) {
    let opened = 0;
    const open = async () => {
      opened++;
      await sleep(250);
      return {};
    };
    const pool = new ConnectionPool({ open, close: () => undefined }, { max: 50 });
    await pool.use(() => undefined);
    const sleeps = performance.now();
    for (let time = 0; time < 50; time++) await sleep(1);
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => pool.use(() => sleep(1))));
    const value = performance.now() - startedAt;
    await pool.dispose();
    times.push(value);
    ratios.push(value / (startedAt - sleeps));
    opens.push(opened - 1);
  }
  const value = median(times);
  const most = Math.max(...opens);
  const name = "50 borrowers of 1 ms, one warm connection, opens of 250 ms";
  return [
    {
      name: `${name}: time, beside 50 sleeps in a row`,
      value,
      unit: "ms",
      ratio: median(ratios),
      target: "at most 60 ms",
      ok: value <= 60,
    },
    { name: `${name}: opens`, value: most, unit: "", target: "at most 3", ok: most <= 3 },
  ];
}

async function deadServer() {
  let value = 0;
  const open = async () => {
    value++;
    throw new Error("connection refused");
  };
  const pool = new ConnectionPool({ open, close: () => undefined }, { max: 50, acquireTimeoutMs: 400 });
  const startedAt = performance.now();
  const results = await Promise.allSettled(Array.from({ length: 1_000 }, () => pool.acquire()));
  const lateMs = performance.now() - startedAt - 400;
  const told = results.filter(({ reason }) => reason?.code === "POOL_TIMEOUT" && reason.cause instanceof Error).length;
  await pool.dispose();
  return [
    { name: "a dead server, 1,000 waiters, 400 ms: opens", value, unit: "", target: "at most 5", ok: value <= 5 },
    { name: "a dead server: waiters told the cause", value: told, unit: "of 1,000", target: "all", ok: told === 1_000 },
    {
      name: "a dead server: the last is told after its deadline by",
      value: lateMs,
      unit: "ms",
      target: "at most 50 ms",
      ok: lateMs <= 50,
    },
  ];
}

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

function heapBytes() {
  for (let time = 0; time < 4; time++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.table(await poolBench(), ["name", "value", "unit", "ratio", "target", "ok"]);
