import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bundleWorker } from "./bundle.ts";
import { startWorkerd } from "./workerd.ts";

async function start(): Promise<string> {
  const { code: script } = await bundleWorker(join(import.meta.dirname, "workers/rpc.ts"));
  const workerd = await startWorkerd({ script });
  onTestFinished(() => workerd.stop());
  return workerd.url;
}

test("an error that another Worker has thrown is a DbError for the one that called it", async () => {
  const answer = await fetch(await start());
  expect(await answer.json()).toEqual({
    code: "QUERY_FAILED",
    details: { kind: "unique", dialectCode: "23505", sql: "insert into orders values (?)" },
    retryable: true,
    outcome: "unknown",
    isOther: false,
  });
});

test("and withSession() passes it on as its own: marked as retryable, the platform would send no answer", async () => {
  const answer = await fetch(`${await start()}/passed-on`);
  expect(answer.status).toBe(500);
});
