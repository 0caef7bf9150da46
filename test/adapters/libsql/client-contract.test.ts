import { createClient as createHttp } from "@libsql/client/http";
import { createClient as createWeb } from "@libsql/client/web";
import { describe, expect, test } from "vitest";
import { adapterContract } from "../../kit/adapter-contract.ts";
import { streams } from "../../kit/contract/streams.ts";
import { libsqlTarget } from "./target.ts";

const dialect = {
  // Nothing tells whether a transaction is over: client.test.ts shows that nothing runs on in autocommit.
  losing: undefined,
  leftovers: [],
  kill: undefined,
};

describe.each([
  { profile: "sqld", build: "http", createClient: createHttp },
  { profile: "turso-cloud", build: "web", createClient: createWeb },
] as const)("@libsql/client keeps the contract of adapters: $profile, $build", ({ profile, createClient }) => {
  const all = adapterContract(libsqlTarget({ profile }, { createClient }, dialect));
  // It says that it cannot stream.
  const cases = all.filter(({ name }) => !(name in streams));
  test("all cases but those of streams", () => expect(all.length - cases.length).toBe(Object.keys(streams).length));
  for (const { name, run } of cases) test(name, run);
});
