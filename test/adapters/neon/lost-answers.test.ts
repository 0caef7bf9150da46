// What was sent and never answered may have been executed: it is told so, and never done again.

import { describe, expect, test } from "vitest";
import { neon, type NeonOptions } from "../../../src/adapters/neon/index.ts";
import type { DriverConnection, Step } from "../../../src/contract/adapter.ts";
import { BEGIN } from "../../../src/integrations/adapter-contract/fixture.ts";
import type { RunningServer } from "../../servers/neon/server.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { driver } from "./driver.ts";
import { insert, openShop } from "./shop.ts";
import { optionsFor } from "./target.ts";

describe("with the first flight of a socket, which brings the login along", () => {
  test("a lone statement may have been executed", async () => {
    const { db, server, names } = await openShop({ neon: { transport: "ws" } });
    await server.fail({ on: "tunnel", sql: "INSERT", action: "drop-after" });
    const { text, params } = insert(1);
    await expect(db.autocommit.query(text, params)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "unknown",
    });
    expect(await names()).toEqual(["goods 1"]);
  });

  test("a list may have been kept", async () => {
    const { db, server, names } = await openShop({ neon: { transport: "ws" } });
    await server.fail({ on: "tunnel", sql: "INSERT", action: "drop-after" });
    await expect(db.batch([insert(1), insert(2)])).rejects.toMatchObject({ outcome: "unknown" });
    expect(await names()).toEqual(["goods 1", "goods 2"]);
  });

  test("a COMMIT may have been done, and is not done again", async () => {
    const { db, server, names } = await openShop({ neon: { transport: "ws" } });
    await server.query("ALTER TABLE goods DROP CONSTRAINT goods_pkey");
    await server.fail({ on: "tunnel", sql: "COMMIT", action: "drop-after" });
    const work = db.session((session) => session.commit(insert(1)), { retry: 3 });
    await expect(work).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
    expect(await names()).toEqual(["goods 1"]);
  });

  test("a transaction that stayed open left nothing, and leaves again unseen", async () => {
    for (const transport of ["auto", "ws"] as const) {
      const { db, server, names } = await openShop({ neon: { transport } });
      const { text, params } = insert(1);
      await server.fail({ on: "tunnel", sql: "INSERT", action: "drop-after" });
      await db.session((session) => session.query(text, params));
      expect(await names()).toEqual(["goods 1"]);
    }
  });

  test("what the server says of the login was said before anything was executed, and the statement leaves again", async () => {
    const { db, server, names } = await openShop({ neon: { transport: "ws" } });
    const { text, params } = insert(1);
    await server.fail({ on: "tunnel", message: "*", action: "error", body: "Couldn't connect to compute node" });
    await db.autocommit.query(text, params);
    expect(await names()).toEqual(["goods 1"]);
  });
});

test("a stream of its own that wrote may have been kept, when the answer to its end is lost", async () => {
  const { db, server, names } = await openShop();
  await db.session((session) => session.query("SELECT 1"));
  await server.fail({ on: "tunnel", sql: "COMMIT", action: "drop-after" });
  const text = "INSERT INTO goods SELECT n, 'tea' FROM generate_series(1, 3) AS n RETURNING number";
  const read = async (): Promise<void> => {
    for await (const row of db.autocommit.stream(text, { batchSize: 2 })) void row;
  };
  await expect(read()).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  expect(await names()).toEqual(["tea", "tea", "tea"]);
});

const openOn = async (
  server: RunningServer,
  options: Partial<NeonOptions>,
  url = server.url,
): Promise<DriverConnection> =>
  neon(optionsFor(driver, server, options))
    .create({ url, folder: "" })
    .open({ url, signal: new AbortController().signal });
const select: Step = { kind: "query", statement: { text: "SELECT 1" }, guarded: false, onError: "stop" };

test("a login that was refused before anything was asked is told with the first statement", async () => {
  const { server } = await openShop();
  const connection = await openOn(server, { transport: "ws" }, server.url.replace("npg_secret", "wr0ng-secret"));
  await expect.poll(() => connection.state, PATIENCE).toBe("closed");
  await expect(connection.send({ steps: [select] })).rejects.toMatchObject({
    code: "AUTH_FAILED",
    outcome: "not-executed",
  });
  await connection.close();
});

test("why a connection ended is told as the cause", async () => {
  const { server } = await openShop();
  for (const transport of ["auto", "ws"] as const) {
    const connection = await openOn(server, { transport, idleInTransactionMs: 50 });
    await connection.send({ steps: [BEGIN, select] });
    await expect.poll(() => connection.state, PATIENCE).toBe("closed");
    await expect(connection.send({ steps: [select] })).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "not-executed",
      retryable: true,
      cause: expect.objectContaining({ message: expect.stringContaining("idle-in-transaction timeout") }),
    });
    await connection.close();
  }
});

test("a statement that is given up while the login is under way is cancelled at the server", async () => {
  // So that the answer to the login is on its way for a while.
  const { db, server } = await openShop({ server: { delayMs: 100 }, neon: { transport: "ws" } });
  const controller = new AbortController();
  const reason = new Error("gone");
  const work = db.session((session) => session.query("SELECT pg_sleep(600)"), { signal: controller.signal });
  await expect.poll(async () => (await server.requests()).map(({ messages }) => messages[0]), PATIENCE).toContain("*");
  controller.abort(reason);
  await expect(work).rejects.toBe(reason);
  expect(await server.leaks()).toEqual([]);
});
