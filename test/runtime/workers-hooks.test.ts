import { describe, expect, test } from "vitest";
import { DATES, startIsolate } from "./workers/isolate.ts";

describe.each(DATES)("at compatibility date %s", (date) => {
  const dated = date === undefined ? {} : { compatibilityDate: date };

  test("a request that was cut off in the first connection's hook does not hold up the isolate for ever", async () => {
    const { call, get, until } = await startIsolate("hooks.ts", dated);
    const { reset } = call("/");
    await until(async () => (await get("/hooks")).body === "1");
    await new Promise((resolve) => setTimeout(resolve, 300));
    reset();
    expect(await get("/")).toEqual({ status: 200, body: '[{"one":1}]' });
    expect(await get("/")).toEqual({ status: 200, body: '[{"one":1}]' });
    // It was done for the second, and for nobody else.
    expect((await get("/hooks")).body).toBe("2");
  });

  test("a database that is not for Workers is refused before the first event", async () => {
    const { get } = await startIsolate("hooks.ts", dated);
    expect((await get("/refusal")).body).toContain("TypeError: Expected a database for Workers");
  });
});
