// FOUND: the setup list stayed shared with its caller: changed later, the change was executed.

import { expect, test } from "vitest";
import { createDatabase } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";

test.each([
  ["a text", "fake:db"],
  ["a function", () => "fake:db"],
] as const)("what is done to the options after construction changes nothing, with %s for a URL", async (_what, url) => {
  const bound: unknown[] = [];
  const adapter = new FakeAdapter({
    key: "fake:copied",
    check: ({ params }) => void (params && bound.push(structuredClone(params))),
  });
  const other = new FakeAdapter({ key: "fake:other" });
  const params = ["as given"];
  const named = { a: "as given" };
  const statement = { text: "second", params };
  const setup = ["first", statement, { text: "third", params: named }];
  const adapters = [adapter.factory];
  const db = createDatabase(url, { adapters, setup });
  setup.push("injected");
  setup[0] = "changed";
  params[0] = "changed";
  named.a = "changed";
  statement.text = "changed";
  adapters.unshift(other.factory);
  bound.length = 0;
  await db.autocommit.query("one");
  expect(adapter.flights).toEqual(["1: first | second | third | one"]);
  expect(JSON.stringify(bound)).not.toContain("changed");
  // A database that is configured as it was shares its pool.
  const again = createDatabase("fake:db", {
    adapters: [adapter.factory],
    setup: ["first", { text: "second", params: ["as given"] }, { text: "third", params: { a: "as given" } }],
  });
  await again.autocommit.query("two");
  expect(other.opens).toBe(0);
  await db.dispose();
  await again.dispose();
});
