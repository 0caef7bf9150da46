// The sample shop, into an empty database: all of it in one session.

import type { Database } from "../../src/index.ts";
import { insertText, shopRows } from "../shop/rows.ts";
import { shopSchema } from "../shop/schema.ts";

export async function fillShop(db: Database): Promise<void> {
  await db.session(
    async (session) => {
      await session.batch(shopSchema);
      for (const table of shopRows()) {
        const text = insertText(table);
        await session.batch(table.rows.map((params) => ({ text, params })));
      }
    },
    { name: "the page fills the sample shop" },
  );
}
