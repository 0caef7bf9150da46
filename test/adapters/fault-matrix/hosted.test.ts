// Sessions on the connections of a pool host, in a real workerd: faults between the host and PostgreSQL, statements that are refused,
// and clients that leave.

import { playMatrix } from "./matrix.ts";
import { REFUSE, REFUSED, startPostgresStage, TUNNEL, UPGRADE } from "./postgres-stage.ts";
import { leavingAt, openerOf, scriptOf } from "./worker-opener.ts";

// Deadlines pass by the clock of workerd: what hangs is left by its client.
const answered = [...TUNNEL, ...UPGRADE, ...REFUSE].filter(({ next }) => next === undefined);

playMatrix({
  name: "a pool host",
  endings: ["commit", "rollback", "refused"],
  all: [1, 2, 4],
  actions: [...answered, ...leavingAt("message", { on: "tunnel" })],
  start: () =>
    startPostgresStage(async ({ url: URL, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY }) => {
      const bindings = { URL, FETCH_ENDPOINT, WS_PROXY };
      const POOL = { worker: "host", className: "GoodsPool" };
      const host = { script: await scriptOf("host.ts"), bindings, durableObjects: ["GoodsPool"], objectsOf: { POOL } };
      return openerOf("/kept", { ...bindings, DRIVER: "hosted", REFUSED }, { objectsOf: { POOL }, workers: { host } });
    }),
});
