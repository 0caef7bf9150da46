// Requests of a real workerd whose client leaves at any message: withSession() is told and rolls back; without it the request is torn
// down, and no `finally` runs.

import { startLibsqlStage, REFUSED as REFUSED_BY_SQLITE } from "./libsql-stage.ts";
import { isWhole, playMatrix } from "./matrix.ts";
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

// In workerd `pg` sends each message by itself: there are several times as many places. Without withSession() it is left out, for a
// reason: what its torn-down request held stays counted as busy or waiting in `stats()`, for over 30 s. The next request works.
for (const path of ["/kept", "/bare"])
  for (const DRIVER of isWhole && path === "/kept" ? ["neon", "pg"] : ["neon"])
    playMatrix({
      ...shape,
      name: `${DRIVER} in a Worker, ${path === "/kept" ? "withSession()" : "kept alive by nothing"}`,
      actions: leavingAt("message", { on: "tunnel" }),
      start: () =>
        startPostgresStage(({ url, plainUrl, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY }) => {
          const URL = DRIVER === "pg" ? plainUrl : url;
          return openerOf(path, { URL, DRIVER, FETCH_ENDPOINT, WS_PROXY, REFUSED });
        }),
    });
