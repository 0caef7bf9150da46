import { neonHttp } from "../../../src/adapters/neon/http-entry.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { postgres } from "../../../src/adapters/pg/index.ts";
import type { AdapterFactory } from "../../../src/index.ts";
import type { RunningServer } from "../../servers/neon/server.ts";
import { driver } from "../neon/driver.ts";
import { optionsFor } from "../neon/target.ts";
import { drivers } from "../pg/drivers.ts";
import { playMatrix } from "./matrix.ts";
import { HTTP, REFUSE, REFUSE_INSIDE, REFUSED, startPostgresStage, TUNNEL, UPGRADE } from "./postgres-stage.ts";
import type { Action, Ending } from "./stage.ts";
import { openSubject } from "./subject.ts";
import { batched, interactive } from "./work.ts";

function playPostgres(
  name: string,
  actions: readonly Action[],
  reach: (server: RunningServer) => readonly [url: string, adapter: AdapterFactory],
  work: typeof interactive = interactive,
): void {
  const endings: readonly Ending[] = ["commit", "rollback", "refused"];
  const start = (): ReturnType<typeof startPostgresStage> =>
    startPostgresStage((server, clock) => {
      const [url, adapter] = reach(server);
      return { open: () => openSubject({ url, adapter, clock, refused: REFUSED, work }) };
    });
  playMatrix({ name, actions, endings, all: [1, 2, 4], start });
}

playPostgres("pg", [...TUNNEL, ...REFUSE], ({ plainUrl }) => [plainUrl, postgres(drivers.pg)]);
// What leaves behind a BEGIN that is refused has run there, and is told as unknown: test/adapters/pg/faults.test.ts.
playPostgres("postgres.js", [...TUNNEL, ...REFUSE_INSIDE], ({ plainUrl }) => [
  plainUrl,
  postgres(drivers["postgres.js"]),
]);
playPostgres("Neon over WebSocket", [...TUNNEL, ...UPGRADE, ...REFUSE], (server) => [
  server.url,
  neon(optionsFor(driver, server, { transport: "ws" })),
]);
playPostgres(
  "Neon over HTTP",
  [...HTTP, ...REFUSE],
  (server) => [server.url, neonHttp(optionsFor(driver, server))],
  batched,
);
