// One query a request, in four ways: `?way=ours` or `wide`, a client of the isolate's, and a client of each request's own.

import { createClient } from "@libsql/client/web";
import { libsql } from "../../../dist/adapters/libsql/index.js";
import { createDatabase } from "../../../dist/index.js";
import { withSession, workers } from "../../../dist/integrations/workers/index.js";

const SELECT = "SELECT name FROM item WHERE id = 1";

let url;
let client;

function isopool(pool) {
  const db = createDatabase(() => url, { adapters: [libsql()], runtime: workers(), pool });
  return withSession(
    db,
    async (_request, _env, _ctx, session) => Response.json((await session.query(SELECT)).rows.length),
    { transaction: false },
  );
}

async function shared() {
  client ??= createClient({ url });
  return Response.json((await client.execute(SELECT)).rows.length);
}

async function own() {
  const client = createClient({ url });
  try {
    return Response.json((await client.execute(SELECT)).rows.length);
  } finally {
    client.close();
  }
}

const ways = { ours: isopool({}), wide: isopool({ max: 30 }), shared, own };

export default {
  async fetch(request, env, ctx) {
    url = env.DATABASE_URL;
    const { searchParams } = new URL(request.url);
    return ways[searchParams.get("way")](request, env, ctx);
  },
};
