import { request as httpRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { DATES, type Isolate, startIsolate } from "./workers/isolate.ts";

async function post({ url }: Isolate, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url + path, { method: "POST" });
  return { status: response.status, body: await response.text() };
}

describe.each(DATES)("Hono in workerd, at compatibility date %s", (date) => {
  const dated = date === undefined ? {} : { compatibilityDate: date };

  test("a request is a session: committed when it answers, rolled back when it throws or its commit fails", async () => {
    const isolate = await startIsolate("hono.ts", dated);
    expect(await post(isolate, "/goods/1")).toEqual({ status: 201, body: '{"isSame":true}' });
    expect(await post(isolate, "/goods/2?throws=409")).toEqual({ status: 409, body: "no" });
    expect(await post(isolate, "/goods/3?throws=500")).toEqual({ status: 500, body: "no" });
    expect(await post(isolate, "/orphans")).toEqual({ status: 500, body: "failed" });
    expect(await isolate.names()).toEqual([1]);
    expect((await isolate.events()).join("\n")).toMatch(/^no\nno\nQUERY_FAILED: .*FOREIGN KEY/);
  });

  test("fifty requests at once share the isolate's connections", async () => {
    const isolate = await startIsolate("hono.ts", dated);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, id) => post(isolate, `/goods/${id}${id % 2 ? "?throws=422" : ""}`)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(25);
    expect(await isolate.names()).toHaveLength(25);
    expect((await isolate.stats()).opened).toBeLessThanOrEqual(5);
  });

  test("a client that leaves leaves no connection behind", async () => {
    const isolate = await startIsolate("hono.ts", dated);
    const sent = httpRequest(`${isolate.url}/goods/1?hold`, { method: "POST" });
    sent.on("error", () => undefined).end();
    await isolate.until(async () =>
      (await isolate.server.requests()).some(({ sql }) => sql.some((text) => text.startsWith("INSERT"))),
    );
    sent.socket?.resetAndDestroy();
    // Only from 2026-11-17 on does a request tell that its client has left.
    const isTold = date === undefined;
    if (isTold) await isolate.until(async () => (await isolate.stats()).busy === 0);
    await isolate.get("/let-go");
    await isolate.until(async () => (await isolate.stats()).busy === 0);
    expect(await isolate.names()).toEqual(isTold ? [] : [1]);
  });
});
