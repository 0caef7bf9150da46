// Tokens in place of a password, and what never shows.

import { inspect } from "node:util";
import { expect, test } from "vitest";
import { signToken } from "../../servers/neon/tokens.ts";
import { openShop } from "./shop.ts";

const withoutPassword = (url: string): string => url.replace(":npg_secret@", "@");

test("a token goes in place of the password, and is asked for each request", async () => {
  let asked = 0;
  const authToken = async (): Promise<string> => {
    asked++;
    return signToken();
  };
  const { db, server } = await openShop({ neon: { authToken }, url: withoutPassword });
  expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await db.batch(["SELECT 1", "SELECT 2"]);
  expect(asked).toBe(2);
  for (const { headers } of await server.requests()) {
    expect(headers["authorization"]).toMatch(/^Bearer /);
    expect(headers["neon-connection-string"]).not.toContain("npg_secret");
  }
});

test("beside a token the password stays at home, and opens the WebSocket", async () => {
  const { db, server } = await openShop({ neon: { authToken: signToken() } });
  expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  const [{ headers } = { headers: {} as Record<string, string | undefined> }] = await server.requests();
  expect(headers["neon-connection-string"]).not.toContain("npg_secret");
  expect((await db.session((session) => session.query("SELECT 2 AS two"))).rows).toEqual([{ two: 2 }]);
});

test.each([
  ["expired", async () => signToken({}, -10)],
  ["none", async () => "s3cret-token"],
  ["that fails", async () => Promise.reject(new Error("the vault is closed"))],
])("a token that is %s is told, and shown nowhere", async (_, authToken) => {
  const events: unknown[] = [];
  const { db } = await openShop({
    neon: { authToken },
    url: withoutPassword,
    db: { onEvent: (event) => events.push(event) },
  });
  const error: unknown = await db.query("SELECT 1").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "AUTH_FAILED", outcome: "not-executed" });
  expect(inspect([error, events, db], { depth: 9, showHidden: true })).not.toContain("s3cret-token");
});

test("neither a password nor a value shows in any error, event or pool", async () => {
  for (const transport of ["http", "ws", "auto"] as const) {
    const events: unknown[] = [];
    const { db, server } = await openShop({ neon: { transport }, db: { onEvent: (event) => events.push(event) } });
    const errors: unknown[] = [];
    const keep = (error: unknown): void => void errors.push(error);
    await db.autocommit.query("SELECT $1::int", ["s3cret-value"]).catch(keep);
    await db.autocommit.query("INSERT INTO goods VALUES (1, $1)", [null]).catch(keep);
    await server.fail({ on: "http", action: "drop-before" });
    await db.autocommit.query("SELECT $1", ["s3cret-value"]).catch(keep);
    await server.clearFaults();
    expect(errors.length).toBeGreaterThanOrEqual(2);
    expect(inspect([errors, events, db.stats(), db], { depth: 9 })).not.toMatch(/npg_secret|s3cret-value/);
  }
});
