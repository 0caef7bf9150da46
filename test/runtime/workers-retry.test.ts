import { describe, expect, test } from "vitest";
import { DATES, type Isolate, startIsolate } from "./workers/isolate.ts";

const KEPT_BYTES = 1_048_576;

interface Retrying extends Isolate {
  post(path: string, body: BodyInit): Promise<string>;
  seen(): Promise<unknown[]>;
}

async function start(date: string | undefined): Promise<Retrying> {
  const isolate = await startIsolate("retry.ts", {
    ...(date !== undefined && { compatibilityDate: date }),
    log: /^$|keeps this session alive/,
  });
  return {
    ...isolate,
    post: async (path, body) => {
      const options = { method: "POST", body, headers: { "x-own": "kept" }, duplex: "half" } as RequestInit;
      const response = await fetch(isolate.url + path, options);
      return `${response.status} ${await response.text()}`;
    },
    seen: async () => JSON.parse((await isolate.get("/seen")).body) as unknown[],
  };
}

/** A body of which nobody knows how long it is. */
function streamed(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

describe.each(DATES)("at compatibility date %s", (date) => {
  test.each(["/order", "/hono/order"])(
    "a handler that lost a race is run again, with its request as it was: %s",
    async (path) => {
      const { get, names, post, seen } = await start(date);
      expect(await post(`${path}?id=1&loses=2`, "two pounds of tea")).toBe("200 done");
      const read = ["1", "two pounds of tea", 17, "POST", "kept", true];
      // What an attempt did beside its session, it did.
      expect(await seen()).toEqual([read, ["1", "behind"], read, ["1", "behind"], read, ["1", "behind"]]);
      expect(await names()).toEqual([13]);
      expect(await get(`${path}?id=2&loses=1`)).toEqual({ status: 200, body: "done" });
      expect(await names()).toEqual([13, 22]);
    },
  );

  test("bodies are kept up to 1 MiB; a longer or streamed one is read once, and not by a second attempt", async () => {
    const { names, post, seen } = await start(date);
    expect(await post("/order?id=1&loses=1", "x".repeat(KEPT_BYTES))).toBe("200 done");
    expect(await post("/order?id=2&loses=1", "x".repeat(KEPT_BYTES + 1))).toMatch(/^503 DbError: QUERY_FAILED/);
    expect(await post("/order?id=3&loses=1", streamed("short"))).toMatch(/^503 DbError: QUERY_FAILED/);
    // What was not read is still there.
    expect(await post("/order?id=4&loses=1&unread", streamed("short"))).toBe("200 done");
    expect(await names()).toEqual([12, 42]);
    const counts = new Map<unknown, number>();
    for (const [id, what] of (await seen()) as [string, string][])
      if (what !== "behind") counts.set(id, (counts.get(id) ?? 0) + 1);
    expect([...counts]).toEqual([
      ["1", 2],
      ["2", 1],
      ["3", 1],
      ["4", 2],
    ]);
  });

  test("one that always loses is done again so often, and no more", async () => {
    const { names, post, seen } = await start(date);
    expect(await post("/order?id=1&loses=9", "tea")).toMatch(/^503 DbError: QUERY_FAILED/);
    expect(await seen()).toHaveLength(8);
    expect(await post("/hono/order?id=2&loses=9", "tea")).toMatch(/^418 answered by the framework/);
    expect(await names()).toEqual([]);
  });

  test("an error that Hono answers rolls back, whatever its status; an answer of the handler's own does not", async () => {
    const { get, names } = await start(date);
    expect(await get("/hono/refuse?id=1&how=throw")).toEqual({ status: 404, body: "no such thing" });
    expect(await get("/hono/refuse?id=2&how=return")).toEqual({ status: 404, body: "not found" });
    expect(await names()).toEqual([2]);
  });
});
