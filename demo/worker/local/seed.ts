// The shop's rows, into a database that is empty.

import type { Database } from "../../../src/index.ts";
import { insertText, shopRows } from "../../shop/rows.ts";
import { shopSchema } from "../../shop/schema.ts";

/** Rows a flight: a request stays well below what servers take. */
const LIST = 2_000;

/** All of it in one session: an error leaves nothing behind. */
export async function seed(db: Database): Promise<void> {
  await db.session(async (session) => {
    await session.batch(shopSchema);
    for (const table of shopRows()) {
      const text = insertText(table);
      for (let at = 0; at < table.rows.length; at += LIST)
        await session.batch(table.rows.slice(at, at + LIST).map((params) => ({ text, params })));
    }
  });
}
