// Promise: where Cloudflare refuses calls to an object that has too many, a session is told so, and that nothing was done.
// The platform does so under a load that no machine of ours makes: its stub is played here, with its own words.

import { expect, test, vi } from "vitest";
import { hosted, type PoolHostNamespace } from "../../../src/adapters/hosted/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";

const refused = (text: string): Error => Object.assign(new Error(text), { overloaded: true, retryable: false });

function refusing(cause: Error): Database {
  const seat = { fly: vi.fn().mockRejectedValue(cause), cancel: vi.fn().mockResolvedValue(undefined) };
  const namespace = (): PoolHostNamespace => ({ idFromName: (name) => name, get: () => ({ seat: () => seat }) });
  return createDatabase("hosted://shop", { adapters: [hosted({ namespace })] });
}

test.each([
  "Durable Object is overloaded. Too many requests queued.",
  "Durable Object is overloaded. Too much data queued.",
  "Durable Object is overloaded. Requests queued for too long.",
  "Durable Object is overloaded. Too many requests for the same object within a 10 second window.",
])("%s", async (text) => {
  const db = refusing(refused(text));
  const told = { code: "POOL_FULL", outcome: "not-executed", retryable: true, details: { maxWaiting: Infinity } };
  await expect(db.autocommit.query("INSERT INTO orders VALUES (1)")).rejects.toMatchObject(told);
  await expect(db.session((session) => session.query("INSERT INTO orders VALUES (1)"))).rejects.toMatchObject(told);
  expect(db.stats()).toMatchObject({ busy: 0, open: 0, waiting: 0 });
  await db.dispose();
});

test("an error of the object that only says that it was overloaded leaves open what was done", async () => {
  const db = refusing(refused("Durable Object reset: it has exceeded its memory limit"));
  const told = { code: "CONNECTION_LOST", outcome: "unknown" };
  await expect(db.autocommit.query("INSERT INTO orders VALUES (1)")).rejects.toMatchObject(told);
  await db.dispose();
});
