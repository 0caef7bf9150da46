// A worker that fails by an error of its own: what it had begun may have been done, and nothing else was.

import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { memory } from "../../../../src/adapters/sql-js/index.ts";
import { serveSqlJs, type WorkerScope } from "../../../../src/adapters/sql-js/worker/host-entry.ts";
import { sqlJsWorker, type WorkerHandle } from "../../../../src/adapters/sql-js/worker/index.ts";
import type { Answer } from "../../../../src/adapters/sql-js/worker/messages.ts";
import { createDatabase, type Database } from "../../../../src/index.ts";
import { engine } from "../target.ts";

/** When it fails: before it hears of a statement, or behind its word that it has begun it. */
let fails: "never" | "before" | "begun" = "never";
let db: Database;
const storage = memory();

afterEach(async () => {
  fails = "never";
  await db.dispose();
});

/** A worker that throws where nobody catches it; its page hears of that. */
function make(name: string): Database {
  const worker = (): WorkerHandle => {
    const { port1, port2 } = new MessageChannel();
    serveSqlJs({ sqlJs: engine, storage }, port2 as unknown as WorkerScope);
    let fail: (event: object) => void = () => undefined;
    return {
      postMessage: (message) => {
        if (fails !== "before") return port1.postMessage(message);
        fails = "never";
        fail({ message: "boom" });
      },
      addEventListener: (type: string, listener: (event: { readonly data: unknown }) => void) => {
        if (type === "error") fail = listener as typeof fail;
        if (type !== "message") return;
        port1.addEventListener("message", ((event: { data: Answer }) => {
          listener(event);
          // The answer itself is lost with it.
          if (fails === "begun" && "isAccepted" in event.data) fail({ message: "boom" });
        }) as never);
      },
      terminate: () => port1.close(),
    };
  };
  return (db = createDatabase(`sqljs:${name}`, { adapters: [sqlJsWorker({ worker })] }));
}

const lost = (outcome: string): object => ({
  code: "CONNECTION_LOST",
  outcome,
  cause: { code: "CONNECT_FAILED", message: expect.stringContaining("the worker failed: boom") },
});

test("a statement that it had begun has an unknown outcome", async () => {
  make("begun");
  await db.autocommit.query("CREATE TABLE t (x)");
  fails = "begun";
  await expect(db.autocommit.query("INSERT INTO t VALUES (1)")).rejects.toMatchObject(lost("unknown"));
});

test("a statement that it had not begun is asked of the next worker", async () => {
  make("before");
  await db.autocommit.query("SELECT 0");
  fails = "before";
  expect((await db.autocommit.query("SELECT 1 AS x")).rows).toEqual([{ x: 1 }]);
});

test("a worker that fails as it opens a database says why", async () => {
  make("opening");
  fails = "begun";
  await expect(db.autocommit.query("SELECT 1")).rejects.toMatchObject({
    code: "CONNECT_FAILED",
    message: expect.stringContaining("the worker failed: boom"),
  });
});

test("a COMMIT that it had begun is unknown, and its session is not begun again", async () => {
  make("commit");
  await db.autocommit.query("CREATE TABLE t (x)");
  let runs = 0;
  const session = db.session(
    async (open) => {
      runs++;
      await open.query("INSERT INTO t VALUES (1)");
      fails = "begun";
    },
    { retry: 3 },
  );
  await expect(session).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
  expect(runs).toBe(1);
});
