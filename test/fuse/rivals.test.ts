// Promise: at one server, in one run, isopool takes no more requests than others, and fused fewer. `npm run bench -- flights` shows it.

import { AsyncLocalStorage } from "node:async_hooks";
import { createClient } from "@libsql/client/http";
import { LibsqlDialect } from "@libsql/kysely-libsql";
import { connect } from "@tursodatabase/serverless";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/libsql";
import { sql as sqlV1 } from "drizzle-orm-1";
import { drizzle as drizzleV1 } from "drizzle-orm-1/libsql";
import { Kysely, sql as kyselySql } from "kysely";
import { Kysely as Kysely29, sql as kysely29Sql } from "kysely-0.29";
import { expect, test } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { asyncLocal, createDatabase } from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import {
  byClient,
  byDrizzle,
  byIsopool,
  byKysely,
  byTurso,
  countOf,
  load,
  MODULE,
  play,
  REQUESTS,
  TABLE,
} from "./rivals.ts";
import { fused, ours } from "./run.ts";

test("requests of the same work, by isopool and by others", async () => {
  const server = await startLibsqlServer();
  const db = createDatabase(server.url, { adapters: [libsql()], context: asyncLocal(AsyncLocalStorage) });
  const client = createClient({ url: server.url });
  const turso = connect({ url: server.url });
  const dialect = new LibsqlDialect({ client: client as never });
  try {
    await db.batch(TABLE);
    const counted = await play(
      {
        isopool: byIsopool(load(MODULE, undefined), db),
        fused: byIsopool(load(fused(MODULE), ours.abi), db),
        client: byClient(client),
        turso: byTurso(turso),
        drizzle: byDrizzle(drizzle({ client }), sql),
        drizzleV1: byDrizzle(drizzleV1({ client }) as never, sqlV1 as never),
        kysely: byKysely(new Kysely({ dialect }), kyselySql),
        kysely29: byKysely(new Kysely29({ dialect: dialect as never }) as never, kysely29Sql as never),
      },
      countOf(server),
    );
    expect(counted).toEqual(REQUESTS);
  } finally {
    client.close();
    await turso.close();
    await db.dispose();
    expect(await server.open()).toEqual([]);
    await server.stop();
  }
});
