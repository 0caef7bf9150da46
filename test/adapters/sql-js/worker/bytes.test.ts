// Bytes travel alone: a view of a large buffer, or of memory that is shared, is copied as what it shows.

import { expect, test } from "vitest";
import { sqlJsWorker, type WorkerHandle } from "../../../../src/adapters/sql-js/worker/index.ts";
import type { Flight } from "../../../../src/contract/adapter.ts";
import type { Statement } from "../../../../src/contract/statement.ts";
import { createDatabase } from "../../../../src/index.ts";
import { engine } from "../target.ts";
import { hostHere } from "./threads.ts";

const TEXT = "SELECT ? AS a, ? AS b, ? AS c";

/** All statements in what is posted to a worker. */
function statementsIn(message: unknown): Statement[] {
  const { ask } = message as { ask?: { flight?: Flight; statement?: Statement } };
  const steps = ask?.flight?.steps.map((step) => (step.kind === "query" ? step.statement : undefined)) ?? [];
  return [ask?.statement, ...steps].filter((found) => found !== undefined);
}

test("what is sent of a view is what it shows, and the caller's own buffer stays as it is", async () => {
  const buffers: ArrayBufferLike[] = [];
  const worker = (): WorkerHandle => {
    const handle = hostHere({ sqlJs: engine });
    return {
      postMessage: (message) => {
        for (const { params = [] } of statementsIn(message))
          for (const value of params as Uint8Array[]) buffers.push(value.buffer);
        handle.postMessage(message, []);
      },
      addEventListener: (type: never, listener: never) => handle.addEventListener(type, listener),
      terminate: () => handle.terminate(),
    };
  };
  const db = createDatabase("sqljs:memory", { adapters: [sqlJsWorker({ worker })] });
  const whole = Uint8Array.of(7, 8, 9);
  const part = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
  const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(5);
  const values = [whole, part, shared];
  const { rows } = await db.autocommit.query(TEXT, values);
  const shown = { a: Uint8Array.of(7, 8, 9), b: Uint8Array.of(2, 3), c: Uint8Array.of(5, 5) };
  expect(rows).toEqual([shown]);
  const streamed = [];
  for await (const row of db.autocommit.stream({ text: TEXT, params: values })) streamed.push(row);
  expect(streamed).toEqual([shown]);
  expect(buffers.map((buffer) => [buffer.constructor.name, buffer.byteLength])).toEqual(
    [1, 2].flatMap(() => [3, 2, 2].map((size) => ["ArrayBuffer", size])),
  );
  expect(part.buffer.byteLength).toBe(4);
  await db.dispose();
});
