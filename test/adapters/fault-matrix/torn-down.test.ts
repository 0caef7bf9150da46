// Requests of a real workerd whose client leaves at any message: withSession() is told and rolls back; without it the request is torn
// down, and no `finally` runs. On libSQL, what such a request was lent stays lent for 30 s, as docs/workers.md says: that one passes by
// the fake clock, in test/integrations/workers/cut-off.test.ts.

import { startLibsqlStage, REFUSED as REFUSED_BY_SQLITE } from "./libsql-stage.ts";
import { playMatrix } from "./matrix.ts";
import { REFUSED, startPostgresStage } from "./postgres-stage.ts";
import { leavingAt, openerOf } from "./worker-opener.ts";

const shape = { endings: ["commit", "rollback"], all: [1, 2, 4] } as const;

playMatrix({
  ...shape,
  name: "libSQL in a Worker, withSession()",
  actions: leavingAt("request", {}),
  start: () =>
    startLibsqlStage({}, ({ url: URL }) => openerOf("/kept", { URL, DRIVER: "libsql", REFUSED: REFUSED_BY_SQLITE })),
});

// In workerd `pg` sends each message by itself: there are several times as many places, of which `npm test` takes some.
const MOST = 12;

for (const path of ["/kept", "/bare"])
  for (const DRIVER of ["neon", "pg"])
    playMatrix({
      ...shape,
      name: `${DRIVER} in a Worker, ${path === "/kept" ? "withSession()" : "kept alive by nothing"}`,
      most: DRIVER === "pg" ? MOST : Infinity,
      actions: leavingAt("message", { on: "tunnel" }),
      start: () =>
        startPostgresStage(({ url, plainUrl, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY }) => {
          const URL = DRIVER === "pg" ? plainUrl : url;
          return openerOf(path, { URL, DRIVER, FETCH_ENDPOINT, WS_PROXY, REFUSED });
        }),
    });
