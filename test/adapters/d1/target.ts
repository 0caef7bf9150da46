import { d1, type D1Binding } from "../../../src/adapters/d1/index.ts";
import { sqliteDialect, type Target } from "../../../src/integrations/adapter-contract/index.ts";

const sizes = /^PRAGMA (main|integrity)|^VACUUM/;

/** An empty database for each case. Names no runtime: workerd alone has such bindings. */
export function d1Target(next: () => D1Binding): Target {
  return {
    cannotStream: true,
    writesAtCommit: true,
    dialect: {
      ...sqliteDialect,
      leftovers: [],
      losing: undefined,
      harmless: sqliteDialect.harmless.filter((text) => !sizes.test(text)),
      kill: undefined,
    },
    make: () => {
      const binding = next();
      return { factory: d1(() => binding), url: "d1:DB" };
    },
  };
}
