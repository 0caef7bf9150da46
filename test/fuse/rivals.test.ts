// Promise: at one server, in one run, isopool takes no more requests than others, and fused fewer. `npm run bench -- flights` shows it.

import { AsyncLocalStorage } from "node:async_hooks";
import { createClient } from "@libsql/client/http";
import { LibsqlDialect } from "@libsql/kysely-libsql";
import { drizzle } from "drizzle-orm/libsql";
import { Kysely } from "kysely";
import { expect, test } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { asyncLocal, createDatabase } from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { byClient, byDrizzle, byIsopool, byKysely, countOf, load, MODULE, play, REQUESTS, TABLE } from "./rivals.ts";
import { fused, ours } from "./run.ts";

test("requests of the same work, by isopool and by others", async () => {
  const server = await startLibsqlServer();
  const db = createDatabase(server.url, { adapters: [libsql()], context: asyncLocal(AsyncLocalStorage) });
  const client = createClient({ url: server.url });
  const kysely = new Kysely<unknown>({ dialect: new LibsqlDialect({ client: client as never }) });
  try {
    await db.batch(TABLE);
    const counted = await play(
      {
        isopool: byIsopool(load(MODULE, undefined), db),
        fused: byIsopool(load(fused(MODULE), ours.abi), db),
        client: byClient(client),
        drizzle: byDrizzle(drizzle({ client })),
        kysely: byKysely(kysely),
      },
      countOf(server),
    );
    expect(counted).toEqual(REQUESTS);
  } finally {
    client.close();
    await db.dispose();
    expect(await server.open()).toEqual([]);
    await server.stop();
  }
});
