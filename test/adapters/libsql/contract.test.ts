import { describe, expect, test } from "vitest";
import { adapterContract, databaseContract } from "../../../src/integrations/adapter-contract/index.ts";
import { type LibsqlServerOptions, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { realSqld } from "./shop.ts";
import { libsqlTarget } from "./target.ts";

const real = await realSqld();

describe.skipIf(!real)("libSQL over fetch keeps them on a real sqld", () => {
  const target = libsqlTarget(startLibsqlServer, real!);
  for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
});

describe.each<LibsqlServerOptions>([{ profile: "sqld" }, { profile: "turso-cloud" }])(
  "libSQL over fetch keeps the contracts of adapters and databases: $profile",
  (server) => {
    const target = libsqlTarget(startLibsqlServer, server);
    for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
  },
);

/** Nothing there tells whether a transaction is over: a stream is nobody else's once something failed on it. */
const NOT_OVER_V2 = ["what the database refuses is told", "a commit that the database refuses"];

describe.each<LibsqlServerOptions>([
  { profile: "sqld", newest: "v2" },
  { profile: "turso-cloud", newest: "v2" },
])("libSQL over version 2 of the protocol keeps it too, as far as it goes: $profile", (server) => {
  const cases = adapterContract(libsqlTarget(startLibsqlServer, server, {}, { losing: undefined }));
  const kept = cases.filter(({ name }) => !NOT_OVER_V2.some((start) => name.startsWith(start)));
  test("all cases but two", () => expect(cases.length - kept.length).toBe(2));
  for (const { name, run } of kept) test(name, run);
});
