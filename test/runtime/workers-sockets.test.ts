import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PoolOptions } from "../../src/index.ts";
import { bundleWorker } from "./bundle.ts";
import { type Call, call } from "./workers/client.ts";
import { DATES } from "./workers/isolate.ts";
import { type SocketServer, startSocketServer } from "./workers/socket-server.ts";
import { startWorkerd } from "./workerd.ts";

interface Sockets {
  readonly server: SocketServer;
  call(path: string): Call;
  /** The numbers of the sockets that a request got. */
  get(path: string): Promise<unknown>;
  until(condition: () => boolean): Promise<void>;
}

async function startSockets(date: string | undefined, pool: PoolOptions = {}, isKept = false): Promise<Sockets> {
  const server = await startSocketServer();
  const { code } = await bundleWorker(join(import.meta.dirname, "workers/sockets.ts"));
  const workerd = await startWorkerd({
    script: code,
    bindings: { SOCKETS_URL: server.url, POOL: JSON.stringify(pool), ...(isKept && { KEPT: "yes" }) },
    durableObjects: ["Host"],
    ...(date !== undefined && { compatibilityDate: date }),
  });
  onTestFinished(async () => {
    await workerd.stop();
    await server.stop();
    expect(workerd.log()).toBe("");
  });
  return {
    server,
    call: (path) => call(workerd.url, path),
    get: async (path) => {
      const answer = await call(workerd.url, path).answer;
      if (answer?.status !== 200) throw new Error(`${answer?.status} ${answer?.body}\n${workerd.log()}`);
      return JSON.parse(answer.body) as unknown;
    },
    until: async (condition) => {
      const deadline = performance.now() + 120_000;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`it never came to be\n${workerd.log()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

describe.each(DATES)("at compatibility date %s", (date) => {
  test("a socket serves its own request again and again, and is closed with it", async () => {
    const { get, server, until } = await startSockets(date);
    // The request's own session has the first for as long as it lasts.
    expect(await get("/in-a-row?count=3")).toEqual([1, 2, 2, 2]);
    await until(() => server.open() === 0);
    expect(await get("/in-a-row?count=3")).toEqual([3, 4, 4, 4]);
    await until(() => server.open() === 0);
    expect(server.opened()).toBe(4);
  });

  test("requests at the same time have sockets of their own, whoever is done first", async () => {
    const { get, server, until } = await startSockets(date);
    const numbers = (await Promise.all(
      Array.from({ length: 30 }, (_, i) => get(`/pause?ms=${(i * 7) % 50}`)),
    )) as number[][];
    expect(numbers.every(([first, second]) => first === second)).toBe(true);
    expect(new Set(numbers.map(([first]) => first)).size).toBe(30);
    await until(() => server.open() === 0);
    expect(await get("/stats")).toMatchObject({ open: 0, busy: 0, waiting: 0, opened: 30 });
  });

  test("a request opens six sockets at most, and those who want more wait in it", async () => {
    const { get, server, until } = await startSockets(date, { max: 20 });
    const numbers = (await get("/at-once?count=30")) as number[];
    expect(numbers).toHaveLength(31);
    expect(server.mostOpen()).toBeLessThanOrEqual(6);
    await until(() => server.open() === 0);
  });

  test("`max` is for each request", async () => {
    const { get, server, until } = await startSockets(date, { max: 2 });
    await Promise.all([get("/at-once?count=5"), get("/at-once?count=5"), get("/at-once?count=5")]);
    expect(server.opened()).toBe(6);
    await until(() => server.open() === 0);
  });

  test("a client that leaves takes its sockets with it", async () => {
    const { call: send, get, server, until } = await startSockets(date);
    const { reset } = send("/pause?ms=1000");
    await until(() => server.log.includes("1 which"));
    reset();
    await until(() => server.open() === 0);
    // It ends in order: told of the client's end, or when the handler is done.
    expect(server.log.at(-1)).toBe(date === undefined ? "1 rollback" : "1 commit");
    expect(await get("/stats")).toMatchObject({ open: 0, busy: 0, waiting: 0 });
    expect(await get("/one")).toEqual([2]);
    await until(() => server.open() === 0);
  });

  test("a Durable Object's socket serves its next requests as well, and is closed when it has been idle", async () => {
    const { get, server, until } = await startSockets(date, { idleMs: 2_000 });
    expect(await get("/object/a")).toEqual([1]);
    expect(await get("/object/a")).toEqual([1]);
    // What belongs to an object is nothing to a request, nor to another object.
    expect(await get("/one")).toEqual([2]);
    expect(await get("/object/b")).toEqual([3]);
    expect(await get("/object/a")).toEqual([1]);
    expect(await get("/object/b")).toEqual([3]);
    await until(() => server.open() === 0);
    expect(await get("/stats")).toMatchObject({ open: 0, busy: 0, opened: 3 });
  });

  test.each([false, true])(
    "without withSession(), a request's sockets are closed when its last session has ended (waitUntil: %s)",
    async (isKept) => {
      const { get, server, until } = await startSockets(date, {}, isKept);
      // Sessions of one request share theirs, one after another.
      expect(await get("/careless?count=3")).toEqual([1, 1, 1]);
      for (let opened = 2; opened <= 80; opened++) expect(await get("/careless")).toEqual([opened]);
      expect(server.mostOpen()).toBeLessThan(10);
      await until(() => server.open() === 0);
      expect(await get("/stats")).toMatchObject({ open: 0, busy: 0, waiting: 0, opened: 80 });
    },
  );

  test("without withSession(), the sockets of requests at the same time are closed as well", async () => {
    const { get, server, until } = await startSockets(date);
    const numbers = await Promise.all(Array.from({ length: 60 }, () => get("/careless?count=2")));
    expect(new Set(numbers.flat() as number[]).size).toBe(60);
    await until(() => server.open() === 0);
    expect(await get("/stats")).toMatchObject({ open: 0, busy: 0, waiting: 0 });
  });
});

test("the counts of an object and of a request that go on are theirs, however often they are read", async () => {
  const { call: send, get, server, until } = await startSockets(undefined, { max: 1, idleMs: 60_000 });
  expect(await get("/object/a")).toEqual([1]);
  const { answer } = send("/pause?ms=1500");
  await until(() => server.log.includes("2 which"));
  for (let round = 0; round < 60; round++) expect(await get("/stats")).toMatchObject({ open: 2, busy: 1, idle: 1 });
  expect((await answer)?.status).toBe(200);
  expect(await get("/object/a")).toEqual([1]);
  await until(() => server.open() === 1);
  expect(await get("/stats")).toMatchObject({ open: 1, busy: 0, idle: 1, opened: 2 });
});
