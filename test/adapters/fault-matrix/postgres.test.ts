import { neonHttp } from "../../../src/adapters/neon/http-entry.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { postgres } from "../../../src/adapters/pg/index.ts";
import type { AdapterFactory } from "../../../src/index.ts";
import { JumpingClock } from "../../kit/jumping-clock.ts";
import { type Fault, type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import { driver } from "../neon/driver.ts";
import { optionsFor } from "../neon/target.ts";
import { drivers } from "../pg/drivers.ts";
import { playMatrix } from "./matrix.ts";
import { type Action, actionsOf, type Ending, type Stage } from "./stage.ts";
import { batched, interactive, openSubject, passDeadlines } from "./subject.ts";

const CLOSING_MS = 30_000;

const REFUSE = actionsOf("statement", { refuse: { on: "statement", action: "refuse" } });
const REFUSE_INSIDE = actionsOf("statement", { refuse: { on: "statement", action: "refuse", spares: "BEGIN" } });
const TUNNEL = actionsOf(
  "message",
  Object.fromEntries(
    ["drop-before", "drop-during", "drop-after", "hang", "hang-after", "error"].map((action) => [
      action,
      { on: "tunnel", action },
    ]),
  ),
);
const UPGRADE = actionsOf("upgrade", {
  "503": { on: "upgrade", action: "status", status: 503 },
  "drop-before": { on: "upgrade", action: "drop-before" },
  hang: { on: "upgrade", action: "hang" },
});
const HTTP = actionsOf("request", {
  "502": { on: "http", action: "status", status: 502 },
  "drop-before": { on: "http", action: "drop-before" },
  "drop-after": { on: "http", action: "drop-after" },
  truncate: { on: "http", action: "truncate" },
  hang: { on: "http", action: "hang" },
  "hang-after": { on: "http", action: "hang-after" },
});

/** What is sent as text, and is a place where a statement can be refused. */
function statementsOf(sql: readonly string[]): number {
  return sql.filter((text) => text !== "COMMIT").length;
}

/** Until no client's backend is at work, and each has its tunnel. @returns what does not come to rest. */
async function busyAt(server: RunningServer): Promise<string | undefined> {
  const until = performance.now() + CLOSING_MS;
  for (;;) {
    const { backends, tunnels } = await server.open();
    if (backends.every(({ state }) => state === "idle") && backends.length <= tunnels.length) return undefined;
    if (performance.now() > until) return JSON.stringify({ backends, tunnels });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function start(
  reach: (server: RunningServer) => readonly [url: string, adapter: AdapterFactory],
  work: typeof interactive,
): Promise<Stage> {
  const server = await startNeonServer();
  const clock = new JumpingClock();
  const [url, adapter] = reach(server);
  await server.query("CREATE TABLE goods (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  return {
    // What it inserts is there already: PostgreSQL says so at COMMIT.
    open: () => openSubject({ url, adapter, clock, refused: "INSERT INTO goods VALUES (1)", work }),
    counts: async () => {
      const requests = await server.requests();
      await server.forgetRequests();
      const of = (via: string): number => requests.filter((request) => request.via === via).length;
      const statement = statementsOf(requests.flatMap(({ sql }) => sql));
      return { message: of("tunnel"), upgrade: of("upgrade"), request: of("http"), statement };
    },
    fail: (fault, after) => server.fail({ ...(fault as Fault), after }),
    met: () => server.metFaults(),
    passDeadlines: () => passDeadlines(clock),
    clear: () => server.clearFaults(),
    take: async () => {
      // Whoever waits for their answer would wait for seconds.
      await server.kill({ which: "hung" });
      const busy = await busyAt(server);
      if (busy !== undefined) throw new Error(`not at rest: ${busy}`);
      const stored = await server.query("WITH gone AS (DELETE FROM goods RETURNING n) SELECT n FROM gone ORDER BY n");
      return stored.map((row) => Number(row["n"]));
    },
    leaks: () => server.leaks(),
    stop: () => server.stop(),
  };
}

function playPostgres(
  name: string,
  actions: readonly Action[],
  reach: Parameters<typeof start>[0],
  work: typeof interactive = interactive,
): void {
  const endings: readonly Ending[] = ["commit", "rollback", "refused"];
  playMatrix({ name, actions, endings, all: [1, 2, 4], start: () => start(reach, work) });
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
