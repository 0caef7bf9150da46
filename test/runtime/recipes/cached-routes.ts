// Routes of a Next.js application that opt into its cache: one database as the recipe has it, and others.

import type { Files } from "./frameworks.ts";

/** @param recipe - the text of the recipe's lib/db.js. */
export function cachedRoutes(recipe: string): Files {
  return {
    "lib/cacheable.js": `
      /** As if isopool had not said that nothing may be kept. */
      export const cacheable = (url, { cache, ...init }) => fetch(url, init);
    `,
    "lib/cached.js": `
      import { cacheable } from "./cacheable.js";
      ${recipe.replace("libsql({", "libsql({ fetch: cacheable,")}
    `,
    "lib/neon.js": `
      import { Client, neon } from "@neondatabase/serverless";
      import { createDatabase } from "isopool";
      import { neonHttp } from "isopool/neon/http";
      import { cacheable } from "./cacheable.js";

      const connect = (own) => createDatabase(() => process.env.NEON_URL, {
        adapters: [neonHttp({ neon, Client, neonConfig: { fetchEndpoint: () => process.env.NEON_ENDPOINT, ...own } })],
      });
      export const neonDb = connect({});
      export const neonCached = connect({ fetchFunction: cacheable });
    `,
    "app/cached/route.js": `
      import { db } from "../../lib/db.js";
      import { db as dbCached } from "../../lib/cached.js";
      import { neonCached, neonDb } from "../../lib/neon.js";

      const databases = { db, dbCached, neonDb, neonCached };
      export const dynamic = "force-dynamic";
      export const fetchCache = "default-cache";
      export async function GET(request) {
        const database = databases[new URL(request.url).searchParams.get("db")];
        return Response.json(await database.autocommit.sql\`select 1 as n\`);
      }
    `,
  };
}
