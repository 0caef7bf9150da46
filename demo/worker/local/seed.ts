// The shop's rows, into a database that is empty.

import type { Database } from "../../../src/index.ts";
import { insertText, shopRows } from "../../shop/rows.ts";
import { postgresIds, postgresSchema, shopSchema } from "../../shop/schema.ts";

/** Rows a flight: a request stays well below what servers take. */
const LIST = 2_000;

const dialects = {
  sqlite: { schema: shopSchema, placeholder: "?", end: [] },
  postgres: { schema: postgresSchema, placeholder: "$", end: postgresIds },
} as const;

/** All of it in one session: an error leaves nothing behind. */
export async function seed(db: Database, dialect: keyof typeof dialects): Promise<void> {
  const { schema, placeholder, end } = dialects[dialect];
  await db.session(async (session) => {
    await session.batch(schema);
    for (const table of shopRows()) {
      const text = insertText(table, placeholder);
      for (let at = 0; at < table.rows.length; at += LIST)
        await session.batch(table.rows.slice(at, at + LIST).map((params) => ({ text, params })));
    }
    await session.batch(end);
  });
}
