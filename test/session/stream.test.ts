import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

const script = (text: string) => (text === "all" ? { columns: ["n"], rows: [[1], [2], [3], [4], [5]] } : undefined);

test("rows come one by one, fetched in batches, and other statements may run in between", async () => {
  const { db, adapter } = fakeDatabase({ script });
  const seen: unknown[] = [];
  await db.session(async (s) => {
    for await (const row of s.stream("all", { batchSize: 2 })) {
      seen.push(row);
      if (seen.length === 2) await s.query("between");
    }
  });
  expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
  expect(adapter.flights).toEqual(["1: begin", "1: stream all", "1: between", "1: stream returned", "1: commit"]);
});

test("leaving the loop early frees the stream", async () => {
  const { db, adapter } = fakeDatabase({ script });
  for await (const _row of db.stream("all", { batchSize: 2 })) break;
  expect(adapter.flights).toEqual(["1: stream all", "1: stream returned"]);
  expect(db.stats().idle).toBe(1);
});

test("a stream that outlives its session ends with a typed error", async () => {
  const { db, adapter } = fakeDatabase({ script });
  const rows = await db.session(async (s) => {
    const stream = s.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
    await stream.next();
    return stream;
  });
  expect(adapter.flights).toContain("1: stream returned");
  await expect(rows.next()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("a batch size that is none is a TypeError", async () => {
  const { db } = fakeDatabase({ script });
  const read = async () => {
    for await (const _row of db.stream("all", { batchSize: 0 })) break;
  };
  await expect(read()).rejects.toThrow(/`batchSize` to be an integer >= 1, got `0`/);
});
