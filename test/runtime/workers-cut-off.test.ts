// Promise: what a request held is counted by `stats()` until it is cut off, and no longer, though no `finally` runs there.
//
// Workers with a date before 2024-10-14 are not told that another request has ended: there it is counted for minutes.

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PATIENCE } from "../servers/patience.ts";
import { startNeonServer } from "../servers/neon/server.ts";
import { bundleWorker } from "./bundle.ts";
import { startWorkerd } from "./workerd.ts";
import { call } from "./workers/client.ts";

test.each(["2025-10-01", undefined])("at compatibility date %s", async (date) => {
  const server = await startNeonServer();
  const { code } = await bundleWorker(join(import.meta.dirname, "workers/cut-off.ts"));
  const workerd = await startWorkerd({
    script: code,
    bindings: { URL: server.plainUrl },
    compatibilityFlags: date === undefined ? [] : ["nodejs_compat"],
    ...(date !== undefined && { compatibilityDate: date }),
  });
  onTestFinished(async () => {
    await workerd.stop();
    await server.stop();
  });
  const get = async (path: string): Promise<unknown> =>
    JSON.parse((await call(workerd.url, path).answer)?.body ?? "null") as unknown;
  for (const opened of [1, 3]) {
    const { reset } = call(workerd.url, "/hold");
    const held = { open: 1, busy: 1, waiting: 2, opening: 0 };
    await expect.poll(() => get("/stats"), PATIENCE).toMatchObject(held);
    // It lives on, however often somebody asks.
    for (let round = 0; round < 20; round++) expect(await get("/stats")).toMatchObject(held);
    reset();
    const counts = { open: 0, busy: 0, waiting: 0, opening: 0, opened };
    await expect.poll(() => get("/stats"), PATIENCE).toMatchObject(counts);
    expect(await get("/one")).toMatchObject({ opened: opened + 1 });
  }
  await expect.poll(() => get("/stats"), PATIENCE).toMatchObject({ open: 0, busy: 0, opened: 4 });
  expect(await server.leaks()).toEqual([]);
  expect(workerd.log()).toBe("");
});
