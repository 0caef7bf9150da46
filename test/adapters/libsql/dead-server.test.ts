// FOUND: while the server refused connections, each session sent it a thousand requests a second.

import { expect, test } from "vitest";
import { createDatabase, shared } from "../../../src/index.ts";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { FakeClock } from "../../kit/fake-clock.ts";

test("a server that refuses connections gets few requests", async () => {
  const clock = new FakeClock();
  let requests = 0;
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const fetch = (): never => {
    requests++;
    throw new TypeError("fetch failed", { cause: refused });
  };
  const db = createDatabase("http://localhost:1", {
    adapters: [libsql({ fetch })],
    runtime: { ...shared(), clock },
    pool: { acquireTimeoutMs: 5_000 },
  });
  const work = db.autocommit.query("select 1").catch((error: unknown) => error);
  await clock.advance(4_000);
  expect(requests).toBeGreaterThan(3);
  expect(requests).toBeLessThan(15);
  await clock.advance(4_000);
  expect(await work).toMatchObject({ code: "CONNECT_FAILED", outcome: "not-executed", retryable: true });
  expect(db.stats()).toMatchObject({ open: 0, busy: 0, waiting: 0 });
  await db.dispose();
  expect(clock.timers).toBe(0);
});
