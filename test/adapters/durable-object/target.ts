import { durableObject, type ObjectStorage } from "../../../src/adapters/durable-object/index.ts";
import { sqliteDialect, type Target } from "../../../src/integrations/adapter-contract/index.ts";

const sizes = /^PRAGMA (main|integrity)|^VACUUM/;

/** An object's storage, which must be empty. Names no runtime: workerd alone has such. */
export function objectTarget(storage: ObjectStorage): Target {
  return {
    cannotStream: true,
    dialect: {
      ...sqliteDialect,
      // Whatever would stay behind is refused: see refused.test.ts, and the same of what makes SQLite end a transaction.
      leftovers: [],
      losing: undefined,
      harmless: sqliteDialect.harmless.filter((text) => !sizes.test(text)),
      // It is in the same process: nothing can come in between.
      kill: undefined,
    },
    make: () => ({ factory: durableObject(() => storage), url: "do:" }),
  };
}
