// A request's session has the settings that are made of the request.

import { expect, test } from "vitest";
import type { Session } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { type FakeDatabase, fakeDatabase } from "../../kit/fake-database.ts";

const open = (settings?: "required"): FakeDatabase =>
  fakeDatabase(
    { capabilities: { dialect: "postgres" } },
    { runtime: workers(), context: requestContext(), ...(settings && { settings }) },
  );
const request = (tenant: string): Request => new Request("http://localhost/", { headers: { tenant } });
const handler = async (_: Request, __: unknown, ___: unknown, session: Session): Promise<Response> => {
  await session.query("one");
  return new Response("done");
};

test("a function makes them of the request and its env, for each", async () => {
  const { db, adapter } = open("required");
  const handle = withSession(db, handler, {
    settings: (event: Request, { role }: { role: string }) => ({ "app.tenant": event.headers.get("tenant")!, role }),
  });
  for (const tenant of ["acme", "other"]) await handle(request(tenant), { role: "reader" }, {});
  expect(adapter.begins).toEqual([
    { settings: { "app.tenant": "acme", role: "reader" } },
    { settings: { "app.tenant": "other", role: "reader" } },
  ]);
});

test("they hold in handlers that are no transaction, and in transactions inside", async () => {
  const { db, adapter } = open("required");
  const settings = { "app.tenant": "acme" };
  const nested = async (_: Request, __: unknown, ___: unknown, session: Session): Promise<Response> => {
    await session.transaction((inner) => inner.query("one"), { propagation: "requires-new" });
    await session.transaction((inner) => inner.query("two"));
    return new Response("done");
  };
  await withSession(db, nested, { settings, transaction: false })(request("acme"), {}, {});
  expect(adapter.begins).toEqual([{ settings }, { settings }]);
});

test.each<[string, () => never, RegExp]>([
  [
    "throws",
    () => {
      throw new Error("no tenant");
    },
    /^no tenant$/,
  ],
  ["gives nothing", () => undefined as never, /Expected `settings` for this session/],
  ["gives a promise", () => Promise.resolve({ "app.tenant": "acme" }) as never, /Expected `settings` to be an object/],
])("a function that %s fails the request, and nothing is sent", async (_, settings, message) => {
  const { db, adapter } = open("required");
  const handle = withSession(db, handler, { settings });
  await expect((async () => handle(request("acme"), {}, {}))()).rejects.toThrow(message);
  expect(adapter.flights).toEqual([]);
});
