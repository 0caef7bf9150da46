// Round trips of the same work by isopool, as written and fused, and by others, counted at one libSQL server in one run.

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
import { parseAst, runnerImport } from "vite";
import { libsql } from "../../dist/adapters/libsql/index.js";
import { isopoolFuse } from "../../dist/carrier/vite.js";
import * as runtime from "../../dist/fuse/runtime/abi.js";
import { asyncLocal, createDatabase } from "../../dist/index.js";

const NAMES = {
  isopool: "isopool",
  fused: "isopool, fused",
  client: "@libsql/client",
  turso: "@tursodatabase/serverless",
  drizzle: "Drizzle 0.45",
  drizzleV1: "Drizzle 1.0",
  kysely: "Kysely 0.28",
  kysely29: "Kysely 0.29",
};

/** @returns rows for `npm run bench`. */
async function flightsBench() {
  const { module } = await runnerImport(new URL("../servers/libsql/libsql-server.ts", import.meta.url).pathname);
  const { module: rivals } = await runnerImport(new URL("../fuse/rivals.ts", import.meta.url).pathname);
  const { byClient, byDrizzle, byIsopool, byKysely, byTurso, countOf, load, MODULE, play, REQUESTS, TABLE, WORK } =
    rivals;
  const server = await module.startLibsqlServer();
  const db = createDatabase(server.url, { adapters: [libsql()], context: asyncLocal(AsyncLocalStorage) });
  const client = createClient({ url: server.url });
  const turso = connect({ url: server.url });
  const dialect = () => new LibsqlDialect({ client });
  const { code } = isopoolFuse({ parse: parseAst }).transform.handler.call({}, MODULE, "/transfer.js");
  try {
    await db.batch(TABLE);
    const peers = {
      isopool: byIsopool(load(MODULE, undefined), db),
      fused: byIsopool(load(code, runtime), db),
      client: byClient(client),
      turso: byTurso(turso),
      drizzle: byDrizzle(drizzle({ client }), sql),
      drizzleV1: byDrizzle(drizzleV1({ client }), sqlV1),
      kysely: byKysely(new Kysely({ dialect: dialect() }), kyselySql),
      kysely29: byKysely(new Kysely29({ dialect: dialect() }), kysely29Sql),
    };
    const counted = await play(peers, countOf(server));
    return Object.entries(WORK).flatMap(([what, name]) => rowsOf(name, counted[what], REQUESTS[what]));
  } finally {
    client.close();
    await turso.close();
    await db.dispose();
    await server.stop();
  }
}

export default flightsBench;

function rowsOf(name, counted, wanted) {
  return Object.entries(counted).map(([peer, value]) => ({
    name: `${name}: ${NAMES[peer]}`,
    value,
    unit: "round trips",
    ...(/isopool|fused/.test(peer) && {
      ratio: value / counted.client,
      target: `${wanted[peer]}; no more than @libsql/client (${counted.client})`,
      ok: value <= Math.min(wanted[peer], counted.client),
    }),
  }));
}
