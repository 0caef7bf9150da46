import { JumpingClock } from "../../kit/jumping-clock.ts";
import { type Fault, type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import { type Action, actionsOf, type Opener, type Stage } from "./stage.ts";
import { passDeadlines } from "./subject.ts";

/** It is there already: PostgreSQL says so at COMMIT. */
export const REFUSED = "INSERT INTO goods VALUES (1)";
const CLOSING_MS = 30_000;

export const REFUSE: readonly Action[] = actionsOf("statement", { refuse: { on: "statement", action: "refuse" } });
export const REFUSE_INSIDE: readonly Action[] = actionsOf("statement", {
  refuse: { on: "statement", action: "refuse", spares: "BEGIN" },
});
export const TUNNEL: readonly Action[] = actionsOf(
  "message",
  Object.fromEntries(
    ["drop-before", "drop-during", "drop-after", "hang", "hang-after", "error"].map((action) => [
      action,
      { on: "tunnel", action },
    ]),
  ),
);
export const UPGRADE: readonly Action[] = actionsOf("upgrade", {
  "503": { on: "upgrade", action: "status", status: 503 },
  "drop-before": { on: "upgrade", action: "drop-before" },
  hang: { on: "upgrade", action: "hang" },
});
export const HTTP: readonly Action[] = actionsOf("request", {
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

/** PostgreSQL behind the proxy, with what is opened on it. */
export async function startPostgresStage(
  openerOf: (server: RunningServer, clock: JumpingClock) => Opener | Promise<Opener>,
): Promise<Stage> {
  const server = await startNeonServer();
  const clock = new JumpingClock();
  await server.query("CREATE TABLE goods (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  const opener = await openerOf(server, clock);
  return {
    open: () => opener.open(),
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
      const stored = await server.queryAgain(
        "WITH gone AS (DELETE FROM goods RETURNING n) SELECT n FROM gone ORDER BY n",
      );
      return stored.map((row) => Number(row["n"]));
    },
    leaks: () => server.leaks(),
    stop: async () => {
      await opener.stop?.();
      await server.stop();
    },
  };
}
