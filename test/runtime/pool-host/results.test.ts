// Promise: rows, values and errors come through a host as they come without one, however large.

import { expect, test } from "vitest";
import { startStage } from "./stage.ts";

test("results larger than a message come in pieces, and values larger than one in parts", async () => {
  const { json, quiet, stats } = await startStage();
  // 20 MB in rows, of which many share a message.
  expect(await json("/?do=big&count=200&chars=50000&bytes=1000")).toEqual({ count: 200, isWhole: true });
  // 34 MB in one value: no message would take it.
  expect(await json("/?do=big&count=1&chars=17000000&bytes=1000")).toEqual({ count: 1, isWhole: true });
  expect(await json("/?do=big&count=3&chars=3000000&bytes=3000000&apart")).toEqual({ count: 3, isWhole: true });
  await quiet();
  expect((await stats()).opened).toBe(1);
});

test("a statement that is larger than a message is refused, and the session goes on", async () => {
  const { json } = await startStage();
  expect(await json("/?do=huge")).toEqual({
    code: "QUERY_FAILED",
    outcome: "not-executed",
    next: [{ name: "item 1" }],
  });
});

test("streams are read a batch at a time, may be left, and large batches come in pieces", async () => {
  const { json, server, quiet } = await startStage();
  expect(await json("/?do=stream&rows=1000&bytes=10&batch=100")).toEqual({ count: 1000, sum: 10_000 });
  expect(await json("/?do=stream&rows=1000&bytes=10&batch=100&stop=150")).toEqual({ count: 150, sum: 1_500 });
  expect(await json("/?do=stream&rows=40&bytes=1000000&batch=20&apart")).toEqual({ count: 40, sum: 40_000_000 });
  await quiet();
  expect((await server.open()).backends.map(({ state }) => state)).toEqual(["idle"]);
});

test("a statement's own parsers read in the Worker", async () => {
  const { json } = await startStage();
  const row = { a: { big: "7n" }, b: ["2020", "01", "02"], c: null };
  expect(await json("/?do=parsers")).toEqual({ rows: [row], streamed: [row] });
});

test("an error of the database keeps its code, its details and its outcome", async () => {
  const { json } = await startStage();
  const [told] = await json<unknown[]>(
    `/?do=sql&apart&q=${encodeURIComponent("INSERT INTO item (id, name) VALUES (1, 'x')")}`,
  );
  expect(told).toMatchObject({
    code: "QUERY_FAILED",
    message: expect.stringMatching(/^QUERY_FAILED: duplicate key/),
    details: { kind: "unique", dialectCode: "23505", constraint: "item_pkey", table: "item" },
    outcome: "not-executed",
  });
});
