// Neon in a real workerd: sockets belong to the request that opened them, and to no other.

import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { bundleWorker } from "../../runtime/bundle.ts";
import { call } from "../../runtime/workers/client.ts";
import { startWorkerd } from "../../runtime/workerd.ts";
import { type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { GOODS } from "./shop.ts";

interface Worker {
  readonly server: RunningServer;
  readonly url: string;
  get(path: string): Promise<{ status: number; body: unknown }>;
  numbers(): Promise<number[]>;
}

async function startWorker(transport: string): Promise<Worker> {
  const server = await startNeonServer();
  await server.query(GOODS);
  const { code } = await bundleWorker(join(import.meta.dirname, "worker.ts"));
  const { url: DATABASE_URL, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY } = server;
  const workerd = await startWorkerd({
    script: code,
    bindings: { DATABASE_URL, FETCH_ENDPOINT, WS_PROXY, TRANSPORT: transport },
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
    expect({ body, leaks, log: workerd.log() }).toMatchObject({
      body: { busy: 0, waiting: 0 },
      leaks: [],
      log: "",
    });
  });
  return {
    server,
    url: workerd.url,
    get,
    numbers: async () =>
      (await server.query("SELECT number FROM goods ORDER BY 1")).map((row) => Number(row["number"])),
  };
}

describe.each(["auto", "ws"])("with transport %s", (transport) => {
  test("one database at module level serves request after request, each with sockets of its own", async () => {
    const { server, get, numbers } = await startWorker(transport);
    for (let number = 1; number <= 3; number++) {
      expect(await get(`/order?number=${number}`)).toEqual({ status: 200, body: [{ n: number }] });
      expect(await server.leaks()).toEqual([]);
    }
    const answers = await Promise.all([4, 5, 6, 7, 8].map((number) => get(`/order?number=${number}&pause=30`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await server.counts()).tunnelsOpened).toBe(8);
  });

  test("a request opens six sockets at most, however much it asks for at once", async () => {
    const { server, get } = await startWorker(transport);
    expect((await get("/order?number=1&more=20")).status).toBe(200);
    expect((await server.counts()).peakTunnels).toBeLessThanOrEqual(6);
    expect(await server.leaks()).toEqual([]);
  });

  test("a handler that throws, and a client that leaves, roll back and leave no socket", async () => {
    const { server, url, get, numbers } = await startWorker(transport);
    expect((await get("/order?number=1&throw")).status).toBe(500);
    const leaving = call(url, "/order?number=2&pause=20000");
    await expect
      .poll(async () => (await server.open()).backends.map(({ state }) => state), PATIENCE)
      .toContain("idle in transaction");
    leaving.reset();
    await expect.poll(async () => (await server.open()).backends, PATIENCE).toEqual([]);
    expect((await get("/order?number=3")).status).toBe(200);
    expect(await numbers()).toEqual([3]);
  });
});

test("lone statements of many requests need no socket", async () => {
  const { server, get } = await startWorker("auto");
  for (const { body } of await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => get("/lone"))))
    expect(body).toEqual([{ one: 1 }]);
  expect((await server.counts()).tunnelsOpened).toBe(0);
});
