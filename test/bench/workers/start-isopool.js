// Sessions over libSQL, ready for the first request: no query is sent.
import { libsql } from "../../../dist/adapters/libsql/index.js";
import { createDatabase } from "../../../dist/index.js";
import { withSession, workers } from "../../../dist/integrations/workers/index.js";

const db = createDatabase("libsql://database.example?authToken=none", { adapters: [libsql()], runtime: workers() });

export default {
  fetch: withSession(db, async (_request, _env, _ctx, session) => new Response(session.query ? "started" : "broken")),
};
