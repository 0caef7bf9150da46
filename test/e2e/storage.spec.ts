// Stored databases in a real Chromium, on its disk: what was committed is there after a reload, a crash of the tab, and SIGKILL.

import { spawn } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { chromium, expect } from "@playwright/test";
import { ask, test, visit } from "./storage/on-disk.ts";

const ways = [
  ["opfs", "inWorker"],
  ["indexeddb", "inPage"],
  ["indexeddb", "inWorker"],
  ["browser", "inPage"],
  ["browser", "inWorker"],
] as const;

for (const [kind, where] of ways) {
  test(`${kind} ${where}: what was committed is there after a reload without dispose()`, async ({ disk, server }) => {
    const page = await visit(disk, server);
    const order = { op: "run", kind, name: "shop" } as const;
    const insert = "INSERT INTO t VALUES (randomblob(9000))";
    const first = await ask(page, where, {
      ...order,
      args: ["CREATE TABLE t (x)", insert, "SELECT count(*) AS n FROM t"],
    });
    expect(first).toEqual({ result: [{ n: 1 }] });
    for (let n = 2; n < 5; n++) {
      await page.reload();
      expect(await ask(page, where, { ...order, args: [insert, "SELECT count(*) AS n FROM t"] })).toEqual({
        result: [{ n }],
      });
    }
    await page.reload();
    expect(await ask(page, where, { ...order, args: ["DELETE FROM t", "VACUUM", "PRAGMA integrity_check"] })).toEqual({
      result: [{ integrity_check: "ok" }],
    });
    await page.reload();
    expect(await ask(page, where, { ...order, args: ["SELECT count(*) AS n FROM t"] })).toEqual({ result: [{ n: 0 }] });
  });
}

for (const [kind, where] of [ways[0], ways[1]]) {
  test(`${kind}: a second tab is refused while the first has it, and gets it when that is closed`, async ({
    disk,
    server,
  }) => {
    const first = await visit(disk, server);
    const order = { op: "run", kind, args: ["CREATE TABLE IF NOT EXISTS t (x)"] } as const;
    expect(await ask(first, where, order)).toEqual({ result: [] });
    const second = await visit(disk, server);
    expect(await ask(second, where, order)).toMatchObject({
      error: { code: "STORAGE_FAILED", details: { storage: "bank", reason: "locked" } },
    });
    await first.close();
    expect(await ask(second, where, order)).toEqual({ result: [] });
  });

  test(`${kind}: a folder of its own, salvage() and remove()`, async ({ disk, server }) => {
    const page = await visit(disk, server);
    const order = { kind, folder: "eu/north" } as const;
    await ask(page, where, { ...order, op: "run", args: ["CREATE TABLE t AS SELECT 1 AS x"] });
    await ask(page, where, { ...order, op: "dispose" });
    expect(await ask(page, where, { ...order, op: "salvage" })).toEqual({ result: 8_192 });
    expect(await ask(page, where, { kind, op: "salvage" })).toEqual({ result: 0 });
    expect(await ask(page, where, { ...order, op: "remove" })).toEqual({});
    expect(await ask(page, where, { ...order, op: "salvage" })).toEqual({ result: 0 });
  });

  test(`${kind}: without room, the commit says so, and is kept once there is`, async ({ disk, server }) => {
    const page = await visit(disk, server);
    const order = { op: "run", kind } as const;
    const session = await disk.newCDPSession(page);
    const origin = server.url;
    // Before the first transaction: IndexedDB remembers for a while how much room there is.
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 5_000_000 });
    expect(await ask(page, where, { ...order, args: ["CREATE TABLE t (x)"] })).toEqual({ result: [] });
    const large = await ask(page, where, { ...order, args: ["INSERT INTO t VALUES (randomblob(9000000))"] });
    expect(large).toMatchObject({ error: { code: "STORAGE_FAILED", details: { reason: "full" } } });
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    expect(await ask(page, where, { ...order, args: ["INSERT INTO t VALUES (1)"] })).toEqual({ result: [] });
    await page.reload();
    expect(await ask(page, where, { ...order, args: ["SELECT count(*) AS n FROM t"] })).toEqual({ result: [{ n: 2 }] });
  });
}

test("indexeddb: the log is worked into larger records, and the image is the same", async ({ disk, server }) => {
  const page = await visit(disk, server);
  expect(await ask(page, "inPage", { op: "chunks", kind: "indexeddb" })).toEqual({ result: "all alike" });
});

test("indexeddb: a tab that was frozen while another took over writes nothing any more", async ({ disk, server }) => {
  const page = await visit(disk, server);
  expect(await ask(page, "inPage", { op: "fenced", kind: "indexeddb" })).toEqual({
    result: { storage: "fenced", reason: "locked" },
  });
});

test("indexeddb: where the browser closes its connection, the next commit opens another", async ({ disk, server }) => {
  const page = await visit(disk, server);
  const order = { op: "run", kind: "indexeddb", name: "cut" } as const;
  await ask(page, "inPage", { ...order, args: ["CREATE TABLE t (x)"] });
  for (let x = 1; x < 4; x++) {
    await ask(page, "inPage", { op: "cut", kind: "indexeddb" });
    expect(await ask(page, "inPage", { ...order, args: [`INSERT INTO t VALUES (${x})`] })).toEqual({ result: [] });
  }
  await page.reload();
  const count = ["SELECT count(*) AS n FROM t"];
  expect(await ask(page, "inPage", { ...order, args: count })).toEqual({ result: [{ n: 3 }] });
  // Its site's data are deleted: no commit is acknowledged that would be alone in an empty database.
  const session = await disk.newCDPSession(page);
  await session.send("Storage.clearDataForOrigin", { origin: server.url, storageTypes: "indexeddb" });
  for (let tried = 0; tried < 2; tried++)
    expect(await ask(page, "inPage", { ...order, args: ["INSERT INTO t VALUES (9)"] })).toMatchObject({
      error: { code: "STORAGE_FAILED", details: { reason: "failed", saved: 0, unsaved: tried + 1 } },
    });
  expect(await ask(page, "inPage", { ...order, args: count })).toEqual({ result: [{ n: 5 }] });
});

test("opfs on the page is refused with the remedy", async ({ disk, server }) => {
  const page = await visit(disk, server);
  expect(await ask(page, "inPage", { op: "run", kind: "opfs", args: ["SELECT 1"] })).toMatchObject({
    error: { code: "STORAGE_FAILED", details: { reason: "absent" } },
  });
});

test("browserStorage(): the best one of each thread, and a database stays where it is", async ({ disk, server }) => {
  const page = await visit(disk, server);
  expect(await ask(page, "inWorker", { op: "kindOf", kind: "browser", name: "a" })).toEqual({ result: ["opfs", []] });
  expect(await ask(page, "inPage", { op: "kindOf", kind: "browser", name: "b" })).toEqual({
    result: ["indexeddb", []],
  });
  expect(await ask(page, "inWorker", { op: "kindOf", kind: "browser", name: "b" })).toEqual({
    result: ["indexeddb", []],
  });
  expect(await ask(page, "inPage", { op: "kindOf", kind: "browser", name: "a" })).toMatchObject({
    error: { code: "STORAGE_FAILED", details: { storage: "a", reason: "absent" } },
  });
});

test("browserStorage() takes IndexedDB where OPFS alone is refused, as in private windows of Firefox", async ({
  disk,
  server,
}) => {
  const page = await disk.newPage();
  await page.addInitScript(() => {
    const refuse = (): Promise<never> => Promise.reject(new DOMException("refused", "SecurityError"));
    Object.defineProperty(navigator.storage, "getDirectory", { value: refuse });
  });
  await page.goto(server.url);
  const order = { kind: "browser", name: "private" } as const;
  expect(await ask(page, "inPage", { ...order, op: "kindOf" })).toEqual({ result: ["indexeddb", []] });
  expect(await ask(page, "inPage", { ...order, op: "remove" })).toEqual({});
});

test("browserStorage() says aloud that it is in memory", async ({ disk, server }) => {
  const page = await disk.newPage();
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    Object.defineProperty(navigator.storage, "getDirectory", { value: undefined });
  });
  await page.goto(server.url);
  expect(await ask(page, "inPage", { op: "kindOf", kind: "browser", name: "c" })).toEqual({
    result: ["memory", ["c"]],
  });
});

for (const [kind, where] of [
  ["opfs", "worker"],
  ["indexeddb", "page"],
] as const) {
  test(`${kind}: killed in the middle of its commits, 12 times: nothing torn, nothing lost`, async ({
    server,
    profile,
    launchOptions,
  }) => {
    const start = (op: string): (() => Promise<void>) => {
      const child = spawn(
        launchOptions.executablePath ?? chromium.executablePath(),
        [
          ...(launchOptions.args ?? []),
          "--headless",
          "--no-sandbox",
          "--no-first-run",
          `--user-data-dir=${profile}`,
          `${server.url}/?where=${where}&op=${op}&kind=${kind}`,
        ],
        { detached: true, stdio: "ignore" },
      );
      const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
      return async () => {
        process.kill(-child.pid!, "SIGKILL");
        await gone;
        // What tells the next one that this one is still there.
        for (const file of await readdir(profile)) if (file.startsWith("Singleton")) await rm(join(profile, file));
      };
    };
    let before = 0;
    for (let round = 0; round < 12; round++) {
      server.told.length = 0;
      const enough = new Promise<void>((resolve) => {
        // At another moment each round.
        server.onTold = () => server.told.length >= 15 + round * 6 && resolve();
      });
      const kill = start("work");
      await enough;
      await kill();
      const told = Math.max(...server.told);
      expect(Math.min(...server.told)).toBeGreaterThan(before);

      const result = server.result();
      const end = start("check");
      const found = (await result) as { result: { number: number } };
      await end();
      expect(found).toMatchObject({ result: { integrity: "ok", sum: 50_000 } });
      before = found.result.number;
      // All that it was told of, and perhaps some that it could not say any more.
      expect(before).toBeGreaterThanOrEqual(told);
      expect(before).toBeLessThan(told + 30);
    }
  });
}
