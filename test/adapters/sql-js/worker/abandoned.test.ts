// A database that another tab has taken is let go: what others have open in the same worker goes on.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, expect, test } from "vitest";
import { sqlJsWorker } from "../../../../src/adapters/sql-js/worker/index.ts";
import type { RemoteAdapter } from "../../../../src/adapters/sql-js/worker/remote-adapter.ts";
import { fileStorage } from "../../../../src/adapters/sql-js/storage/file-entry.ts";
import type { DriverConnection, StepOutcome } from "../../../../src/contract/adapter.ts";
import { engine } from "../target.ts";
import { hostHere, hostInThread } from "./threads.ts";

const ENDLESS = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
const root = fs.mkdtempSync(join(tmpdir(), "isopool-abandoned-"));
const signal = new AbortController().signal;
const storage = fileStorage({ fs, process, folder: root });

afterAll(() => fs.rmSync(root, { recursive: true }));

interface Opened {
  readonly adapter: RemoteAdapter;
  readonly connection: DriverConnection;
}

async function open(factory: ReturnType<typeof sqlJsWorker>, name: string): Promise<Opened> {
  const url = `sqljs:${name}`;
  const adapter = factory.create({ url, folder: "" }) as RemoteAdapter;
  return { adapter, connection: await adapter.open({ url, signal }) };
}

async function run({ connection }: Opened, text: string): Promise<StepOutcome> {
  const [outcome] = await connection.send({
    steps: [{ kind: "query", statement: { text }, guarded: false, onError: "stop" }],
  });
  return outcome!;
}

test("the transaction of another database goes on, and the files of the one that was taken are free", async () => {
  const factory = sqlJsWorker({ worker: () => hostHere({ sqlJs: engine, storage }) });
  const [taken, other] = [await open(factory, "taken"), await open(factory, "other")];
  for (const each of [taken, other]) await run(each, "CREATE TABLE t (x)");
  for (const each of [taken, other]) {
    await each.connection.send({ steps: [{ kind: "begin", options: {} }] });
    await run(each, "INSERT INTO t VALUES (1)");
  }
  taken.adapter.abandon();
  expect([taken, other].map(({ connection }) => connection.state)).toEqual(["closed", "transaction"]);
  await expect(run(taken, "SELECT 1")).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed" });
  await other.connection.send({ steps: [{ kind: "commit" }] });
  expect(await run(other, "SELECT x FROM t")).toMatchObject({ status: "done", result: { rows: [[1]] } });
  // It may lead again: nothing of it was kept open, and its transaction is gone.
  const again = await open(factory, "taken");
  expect(await run(again, "SELECT x FROM t")).toMatchObject({ status: "done", result: { rows: [] } });
  for (const { connection, adapter } of [taken, again, other]) {
    await connection.close();
    await adapter.dispose();
  }
});

test("a worker that nobody else uses ends at once, and one that cannot let go ends after a while", async () => {
  for (const isShared of [false, true]) {
    const handle = hostInThread(join(root, `thread-${isShared}`));
    const exit = new Promise((resolve) => handle.thread.once("exit", resolve));
    const factory = sqlJsWorker({ worker: () => handle, stopMs: 50 });
    const taken = await open(factory, "taken");
    const other = isShared ? await open(factory, "other") : undefined;
    const asked = run(taken, ENDLESS);
    asked.catch(() => undefined);
    taken.adapter.abandon();
    await expect(asked).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: expect.any(String) });
    await exit;
    await other?.adapter.dispose();
  }
});
