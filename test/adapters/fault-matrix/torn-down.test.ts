// Requests of a real workerd whose client leaves at any message: withSession() is told and rolls back; without it the request is torn
// down, and no `finally` runs.

import { join } from "node:path";
import { bundleWorker } from "../../runtime/bundle.ts";
import { startWorkerd } from "../../runtime/workerd.ts";
import { call } from "../../runtime/workers/client.ts";
import { startLibsqlStage, REFUSED as REFUSED_BY_SQLITE } from "./libsql-stage.ts";
import { isWhole, playMatrix } from "./matrix.ts";
import { REFUSED, startPostgresStage } from "./postgres-stage.ts";
import type { Action, Opener, Told } from "./stage.ts";

/** The client leaves while a message is on its way, or while its answer is. */
function leavingAt(at: string, fault: object): Action[] {
  return ["hang", "hang-after"].map((action) => ({
    name: `${action}, left`,
    at,
    fault: { ...fault, action },
    next: "abort",
  }));
}

let script: Promise<string> | undefined;

/** @param path - `/kept` or `/bare`. */
async function openerOf(path: string, bindings: Readonly<Record<string, string>>): Promise<Opener> {
  script ??= bundleWorker(join(import.meta.dirname, "worker.ts")).then(({ code }) => code);
  const workerd = await startWorkerd({ script: await script, bindings, compatibilityFlags: ["nodejs_compat"] });
  const { url } = workerd;
  const ask = async (route: string): Promise<Record<string, number>> =>
    (await (await fetch(url + route)).json()) as Record<string, number>;
  return {
    open: () => ({
      work: async (ending, signal) => {
        const { answer, reset } = call(url, `${path}?ending=${ending}`);
        signal?.addEventListener("abort", reset);
        return ((await answer)?.body as Told | undefined) ?? "gone";
      },
      busy: async () => {
        const { busy = 0, waiting = 0 } = await ask("/stats");
        return busy + waiting > 0 ? [`busy ${busy}, waiting ${waiting}`] : [];
      },
      // A Worker disposes of nothing: its sockets end with their requests, and streams at libSQL's server expire.
      dispose: async () => undefined,
    }),
    stop: () => workerd.stop(),
  };
}

const shape = { endings: ["commit", "rollback"], all: [1, 2, 4] } as const;

playMatrix({
  ...shape,
  name: "libSQL in a Worker, withSession()",
  actions: leavingAt("request", {}),
  start: () =>
    startLibsqlStage({}, ({ url: URL }) => openerOf("/kept", { URL, DRIVER: "libsql", REFUSED: REFUSED_BY_SQLITE })),
});

// In workerd `pg` sends each message by itself: there are several times as many places.
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
