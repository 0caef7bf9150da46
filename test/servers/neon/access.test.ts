// Who is let in by `POST /sql`, and with what.

import { neon } from "@neondatabase/serverless";
import { expect, test } from "vitest";
import { signToken } from "./tokens.ts";
import { failureOf, post, RAW, startWire } from "./wire-client.ts";

test("who may not come in is told so in Neon's words, without a code", async () => {
  const { server } = await startWire({ endpoints: ["ep-good"] });
  expect(server.url).toContain("@ep-good.");
  const wrong = server.url.replace("npg_secret", "guess");
  const nowhere = server.url.replace("ep-good", "ep-bad");
  for (const url of [wrong, nowhere]) {
    const { status, body } = await post(server, { query: "SELECT 1" }, { ...RAW, "neon-connection-string": url });
    expect([status, body["message"], body["code"]]).toEqual([
      400,
      "password authentication failed for user 'neondb_owner'",
      null,
    ]);
  }
  const pooled = neon(server.url.replace("ep-good", "ep-good-pooler"));
  expect(await pooled`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  const missing = await failureOf(neon(server.url.replace(server.database.name, "nodb"))`SELECT 1`);
  expect(missing).toMatchObject({ code: "3D000", message: 'database "nodb" does not exist' });
});

test("a token stands in for the password, until it has expired", async () => {
  const { server } = await startWire();
  const url = server.url.replace("neondb_owner:npg_secret", "authenticated");
  const who = await neon(url, { authToken: signToken({ sub: "ada" }) })`SELECT current_user AS who`;
  expect(who).toEqual([{ who: "authenticated" }]);
  expect(await neon(url, { authToken: () => Promise.resolve(signToken()) })`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  const reasons = [
    [signToken({}, -1), "JWT token has expired"],
    ["nonsense", "invalid compact form"],
    [`${signToken()}x`, "signature error: signature error"],
  ] as const;
  for (const [authToken, message] of reasons) {
    expect((await failureOf(neon(url, { authToken })`SELECT 1`)).message).toBe(message);
  }
  expect((await failureOf(neon(url)`SELECT 1`)).message).toMatch("required password");
});

test("bodies that are too large, either way, are refused", async () => {
  const { sql } = await startWire({ maxRequestBytes: 1_000, maxResponseBytes: 1_000 });
  expect((await failureOf(sql`SELECT ${"x".repeat(2_000)}`)).message).toMatch(/HTTP status 413.*request is too large/);
  expect((await failureOf(sql`SELECT repeat('x', 2000)`)).message).toMatch(/HTTP status 507.*response is too large/);
  expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

test("browsers are let in, with the headers of Neon's list", async () => {
  const { server } = await startWire();
  const { headers } = await fetch(server.fetchEndpoint, { method: "OPTIONS" });
  expect(headers.get("access-control-allow-headers")).toContain("Neon-Batch-Isolation-Level");
  expect(headers.get("access-control-allow-headers")).not.toContain("Deferrable");
  expect((await post(server, { query: "SELECT 1" }, RAW)).headers.get("access-control-allow-origin")).toBe("*");
});
