// `pg` in a real workerd, over cloudflare:sockets: directly, and through a Hyperdrive binding with a pgbouncer behind it.

import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundleWorker } from "../../runtime/bundle.ts";
import { startWorkerd } from "../../runtime/workerd.ts";
import { call } from "../../runtime/workers/client.ts";
import { type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { ensurePgbouncer } from "../../setup/ensure-pgbouncer.mjs";
import { GOODS } from "../neon/shop.ts";

interface Worker {
  readonly server: RunningServer;
  readonly url: string;
  get(path: string): Promise<{ status: number; body: unknown }>;
  numbers(): Promise<number[]>;
}

const VERSIONS = [15, 18] as const;
let script = "";
beforeAll(async () => {
  script = (await bundleWorker(join(import.meta.dirname, "worker.ts"))).code;
});

async function startWorker(version: 15 | 18, isThroughHyperdrive: boolean): Promise<Worker> {
  const server = await startNeonServer({ version, ...(isThroughHyperdrive && { pooler: 3 }) });
  await server.query(GOODS);
  const { plainUrl, database } = server;
  const { user, password, name } = database;
  const port = Number(new URL(plainUrl).port);
  const workerd = await startWorkerd({
    script,
    bindings: { DATABASE_URL: plainUrl, THROUGH: isThroughHyperdrive ? "hyperdrive" : "" },
    hyperdrives: { DB: { port, user, password, database: name } },
  });
  const get: Worker["get"] = async (path) => {
    const response = await fetch(`${workerd.url}${path}`);
    return { status: response.status, body: await response.json() };
  };
  onTestFinished(async () => {
    const { body } = await get("/stats");
    const leaks = await server.leaks();
    await workerd.stop();
    await server.stop();
    expect({ body, leaks, log: workerd.log() }).toMatchObject({ body: { busy: 0, waiting: 0 }, leaks: [], log: "" });
  });
  return {
    server,
    url: workerd.url,
    get,
    numbers: async () =>
      (await server.query("SELECT number FROM goods ORDER BY 1")).map((row) => Number(row["number"])),
  };
}

const ways = VERSIONS.flatMap((version) => [
  { name: `directly, PostgreSQL ${version}`, version, isThrough: false },
  { name: `through Hyperdrive, PostgreSQL ${version}`, version, isThrough: true },
]);

describe.each(ways)("$name", ({ version, isThrough }) => {
  const start = async (skip: (why: string) => void): Promise<Worker> => {
    if (isThrough && (await ensurePgbouncer()) === undefined) {
      if (process.env["CI"]) throw new Error("Expected a pgbouncer: apt-get install pgbouncer");
      skip("there is no pgbouncer here, and none could be installed");
    }
    return startWorker(version, isThrough);
  };

  test("one database at module level serves request after request, each with sockets of its own", async ({ skip }) => {
    const { server, get, numbers } = await start(skip);
    for (let number = 1; number <= 3; number++) {
      expect(await get(`/order?number=${number}`)).toEqual({ status: 200, body: [{ n: number }] });
      expect(await server.leaks()).toEqual([]);
    }
    const answers = await Promise.all([4, 5, 6, 7, 8].map((number) => get(`/order?number=${number}&pause=30`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await server.counts()).tunnelsOpened).toBe(8);
  });

  test("round trips are those of Node: a connect, the statement with BEGIN, its COMMIT", async ({ skip }) => {
    const { server, get } = await start(skip);
    await server.forgetRequests();
    expect((await get("/lone")).body).toEqual([{ one: 1 }]);
    expect((await server.counts()).flights).toBe(2 + 1);
    await server.forgetRequests();
    expect((await get("/order?number=1")).status).toBe(200);
    expect((await server.counts()).flights).toBe(2 + 3);
  });

  test("a handler that throws, and a client that leaves, roll back and leave no socket", async ({ skip }) => {
    const { server, url, get, numbers } = await start(skip);
    expect((await get("/order?number=1&throw")).status).toBe(500);
    const leaving = call(url, "/order?number=2&pause=20000");
    const states = async (): Promise<string[]> => (await server.open()).backends.map(({ state }) => state);
    await expect.poll(states, PATIENCE).toContain("idle in transaction");
    leaving.reset();
    await expect.poll(states, PATIENCE).not.toContain("idle in transaction");
    expect(await server.leaks()).toEqual([]);
    expect((await get("/order?number=3")).status).toBe(200);
    expect(await numbers()).toEqual([3]);
  });

  test("settings are those of their tenant, in transactions and alone", async ({ skip }) => {
    const { get } = await start(skip);
    const names = Array.from({ length: 24 }, (_, n) => `t${n % 6}`);
    const found = await Promise.all(names.map((name) => get(`/tenant?name=${name}`)));
    const seen = found.map(
      ({ body }) => new Set((body as { tenant: string }[][][]).flat(2).map(({ tenant }) => tenant)),
    );
    expect(seen.map((each) => [...each])).toEqual(names.map((name) => [name]));
  });

  test("a stream reads on, and a deadline cancels what runs at the server", async ({ skip }) => {
    const { server, get } = await start(skip);
    expect((await get("/large?rows=5000")).body).toBe(5_000);
    expect((await get("/late")).body).toBe("QUERY_TIMEOUT");
    const running = async (): Promise<string[]> =>
      (await server.open()).backends.filter(({ state }) => state === "active").map(({ query }) => query);
    await expect.poll(running, PATIENCE).toEqual([]);
  });

  test("a request opens six sockets at most, however much it asks for at once", async ({ skip }) => {
    const { server, get } = await start(skip);
    expect((await get("/order?number=1&more=20")).status).toBe(200);
    expect((await server.counts()).peakTunnels).toBeLessThanOrEqual(6);
    expect(await server.leaks()).toEqual([]);
  });

  test.runIf(isThrough)("what needs a session of one's own is refused, with the remedy", async ({ skip }) => {
    const { get } = await start(skip);
    const { body } = await get("/refused");
    for (const message of body as string[])
      expect(message).toMatch(/(a pooler|Hyperdrive) lends a session for one transaction/);
  });
});
