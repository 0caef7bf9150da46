import { expect, test } from "vitest";
import { startIsolate } from "./workers/isolate.ts";

test("in workerd, a Drizzle, its transactions and db.sql are one session, in a request's session and outside of any", async () => {
  const { get } = await startIsolate("drizzle.ts", { compatibilityFlags: ["nodejs_als"] });
  const names = async (): Promise<unknown> => JSON.parse((await get("/outside/names")).body);
  await get("/order?id=10");
  expect(await names()).toEqual([10, 11, 12]);
  // The transaction alone; the whole request; and one with no session around it.
  await get("/part?id=20");
  await get("/fails?id=30");
  await get("/outside/part?id=40");
  expect(await names()).toEqual([10, 11, 12]);
  await Promise.all(
    Array.from({ length: 20 }, (_, each) => get(`/${each % 2 ? "order" : "part"}?id=${100 + 10 * each}`)),
  );
  expect(await names()).toHaveLength(3 + 10 * 3);
  await get("/outside/order?id=500");
  expect(await names()).toHaveLength(3 + 10 * 3 + 3);
});
