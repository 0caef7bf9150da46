// What a test's sessions have for connections keeps the contract of adapters, on real engines: savepoints stand in for transactions.

import { describe, test } from "vitest";
import { createDatabase } from "../../../src/index.ts";
import {
  adapterContract,
  type ContractCase,
  databaseContract,
  type Target,
} from "../../../src/integrations/adapter-contract/index.ts";
import { TestTransaction } from "../../../src/integrations/testing/test-transaction.ts";
import { sourceOf } from "../../../src/session/holder.ts";
import { libsqlTarget } from "../../adapters/libsql/target.ts";
import { driver } from "../../adapters/neon/driver.ts";
import { neonTarget } from "../../adapters/neon/target.ts";
import { target as sqlJsTarget } from "../../adapters/sql-js/target.ts";
import { startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { startNeonServer } from "../../servers/neon/server.ts";

/** The connections of a test on a target's database, as an adapter. */
function inTest(target: Target): Target {
  return {
    ...target,
    dialect: {
      ...target.dialect,
      // All share one connection: when it dies, so does the test.
      kill: undefined,
      losing: undefined,
      // In a transaction, SQLite ignores pragmas or refuses them, and so does `check()` before; PostgreSQL listens from the commit on.
      leftovers: target.dialect.leftovers.filter(({ leave: [text = ""] }) => !/^(PRAGMA|ATTACH|LISTEN)/.test(text)),
      harmless: target.dialect.harmless.filter((text) => text !== "VACUUM"),
    },
    make: async () => {
      const source = await target.make();
      const db = createDatabase(source.url, { adapters: [source.factory] });
      const running = await TestTransaction.begin(db, await sourceOf(db, () => new AbortController().signal), {}, {});
      const { adapter } = running.origin;
      return {
        url: source.url,
        factory: { ...source.factory, identity: [adapter], create: () => adapter },
        leaks: async () => {
          await running.end(false);
          await db.dispose();
          return (await source.leaks?.()) ?? [];
        },
        dispose: () => source.dispose?.(),
      };
    },
  };
}

const targets: Readonly<Record<string, Target>> = {
  "sql.js": inTest(sqlJsTarget),
  libSQL: inTest(libsqlTarget(startLibsqlServer, { profile: "sqld" })),
  Neon: inTest(neonTarget(startNeonServer, driver, { version: 18 }, { transport: "ws" })),
};

describe.each(Object.entries(targets))("the connections of a test on %s", (_name, target) => {
  const cases: readonly ContractCase[] = [...adapterContract(target), ...databaseContract(target)];
  for (const { name, run } of cases) test(name, run);
});
