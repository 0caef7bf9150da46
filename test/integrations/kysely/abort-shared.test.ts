// Promise: an aborted query ends at PostgreSQL, and nobody else's does, also where the backend of a statement serves others right behind it.

import { AsyncLocalStorage } from "node:async_hooks";
import { Kysely, sql } from "kysely-0.29";
import { expect, onTestFinished, test, vi } from "vitest";
import { hosted } from "../../../src/adapters/hosted/index.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { asyncLocal, createDatabase } from "../../../src/index.ts";
import { driver } from "../../adapters/neon/driver.ts";
import { openShop, rests, runs } from "../../adapters/neon/shop.ts";
import { optionsFor } from "../../adapters/neon/target.ts";
import { deferred } from "../../kit/fake-database.ts";
import { startNeonServer } from "../../servers/neon/server.ts";

vi.mock("kysely", async () => import("kysely-0.29"));
// The platform's, as far as a host in this process needs it.
vi.mock("cloudflare:workers", () => ({ RpcTarget: Object, DurableObject: Object }));

const { IsopoolDialect } = await import("../../../src/integrations/kysely/index.ts");
const { PoolHost } = await import("../../../src/integrations/pool-host/index.ts");
const gone = new Error("gone");

test.each(["cancel query", "kill session"])("`%s` behind a pool host", async (inflightQueryAbortStrategy) => {
  const server = await startNeonServer();
  const adapter = neon(optionsFor(driver, server, { transport: "ws" }));
  class Host extends PoolHost {
    options = () => ({ url: server.url, adapter, pool: { max: 3 } });
  }
  const host = new Host({} as never, undefined);
  const namespace = { idFromName: (name: string) => name, get: () => host };
  const db = createDatabase("hosted://shop", {
    adapters: [hosted({ namespace: () => namespace })],
    context: asyncLocal(AsyncLocalStorage),
  });
  onTestFinished(async () => {
    await db.dispose();
    await host.db.dispose();
    await server.stop();
  });
  const failures = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => failures.mockRestore());
  // One is left, and who waits behind the query is next.
  const others = [db.open(), db.open()];
  await Promise.all(others.map((each) => each.query("SELECT 1")));
  let other: Promise<unknown> | undefined;
  const gate = deferred();
  const ask = (): Promise<unknown> =>
    db.session(async (session) => {
      await session.query("SELECT 2");
      await gate.promise;
      await session.query("SELECT 3");
    });
  host.db.subscribe(({ type }) => {
    if (type === "acquire") other ??= ask();
  });
  const found = deferred();
  db.subscribe((event) => {
    if (event.type === "flight" && /pg_backend_pid/.test(event.statements.join())) found.resolve();
  });
  const kysely = new Kysely<unknown>({ dialect: new IsopoolDialect(db) as never });
  const controller = new AbortController();
  const options = { signal: controller.signal, inflightQueryAbortStrategy };
  const running = kysely.executeQuery(sql.raw("SELECT pg_sleep(600)").compile(kysely), options as never);
  await found.promise;
  await Promise.all(others.map((each) => each.close("rollback")));
  await runs(server, "SELECT pg_sleep(600)");
  controller.abort(gone);
  await expect(running).rejects.toBe(gone);
  await Promise.race([rests(server), other]);
  gate.resolve();
  await other;
});

test("behind a pooler, no backend is asked to end: its number may be another client's by then", async () => {
  const { db, sent } = await openShop({ neon: { transport: "ws", pooled: true } });
  const failures = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const kysely = new Kysely<unknown>({ dialect: new IsopoolDialect(db) as never });
  const controller = new AbortController();
  const options = { signal: controller.signal, inflightQueryAbortStrategy: "kill session" };
  const running = kysely.executeQuery(sql.raw("SELECT pg_sleep(1)").compile(kysely), options as never);
  const stop = db.subscribe(({ type }) => type === "send" && controller.abort(gone));
  await expect(running).rejects.toBe(gone);
  stop();
  await expect.poll(() => db.stats().busy).toBe(0);
  expect((await sent()).join()).not.toMatch(/backend/);
  failures.mockRestore();
});
