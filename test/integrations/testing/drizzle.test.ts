// Drizzle's transactions and savepoints in a test that is rolled back, on the three databases.

import { describe, expect, test } from "vitest";
import { rolledBack } from "../../../src/integrations/testing/index.ts";
import { placesOf } from "../drizzle/places.ts";
import { postgres, sqlite } from "../drizzle/operations.ts";

describe.each(placesOf({ sqlite, postgres }))("Drizzle on $name, in a test", ({ operations, open }) => {
  test("commits, rolls back and nests as in production, and leaves nothing", async () => {
    const { db, orm, stored } = await open();
    const before = await stored();
    await rolledBack(db, async () => {
      await operations.add(orm, 101, "alone");
      await orm.transaction(async (tx) => {
        await operations.add(tx, 102, "outer");
        const inner = tx.transaction(async (nested) => {
          await operations.add(nested, 103, "gone");
          throw new Error("on purpose");
        });
        await expect(inner).rejects.toThrow("on purpose");
      });
      const failed = orm.transaction(async (tx) => {
        await operations.add(tx, 104, "gone too");
        await operations.broken(tx);
      });
      await expect(failed).rejects.toThrow();
      expect((await operations.names(orm)).filter((name) => /alone|outer|gone/.test(name))).toEqual(["alone", "outer"]);
    });
    expect(await stored()).toEqual(before);
  });
});
