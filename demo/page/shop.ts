// The sample shop: all of it in one session.

import type { Database, Session, Statement } from "../../src/index.ts";
import { shopRows, type TableRows } from "../shop/rows.ts";
import { shopSchema } from "../shop/schema.ts";
import { quoteName } from "./sql/tokens.ts";

/** Into an empty database; another tab may have been faster. */
export async function fillShop(db: Database): Promise<void> {
  await db.session(
    async (session) => {
      const things = await session.sql<{ count: number }>`select count(*) as count from sqlite_schema`.first();
      if (things?.count === 0) await fill(session);
    },
    { name: "the page fills the sample shop" },
  );
}

/** In place of all that there is: other tabs may have it open, and see it change in one commit. */
export async function renewShop(db: Database): Promise<void> {
  await db.session(
    async (session) => {
      // Virtual tables take those with them that they keep their data in.
      const things = await session.sql<{ type: string; name: string }>`
        select type, name from sqlite_schema
        where type in ('view', 'table') and name not like 'sqlite\\_%' escape '\\'
        order by type = 'table', sql not like 'create virtual%'`;
      for (const { type, name } of things) await session.query(`drop ${type} if exists ${quoteName(name)}`);
      await fill(session);
    },
    { name: "the page recreates the sample shop", foreignKeys: "off" },
  );
}

async function fill(session: Session): Promise<void> {
  await session.batch(shopSchema);
  await session.batch(shopRows().map(insertion));
}

/** All rows of a table as one statement and one value: thousands of statements are far more to send than to do. */
function insertion({ table, columns, rows }: TableRows): Statement {
  const values = columns.map((_, at) => `value ->> ${at}`);
  return {
    text: `insert into ${table} (${columns.join(", ")}) select ${values.join(", ")} from json_each(?)`,
    params: [JSON.stringify(rows)],
  };
}
