import { JumpingClock } from "../../kit/jumping-clock.ts";
import {
  type Fault,
  type LibsqlServerOptions,
  type RunningServer,
  startLibsqlServer,
} from "../../servers/libsql/libsql-server.ts";
import { type Action, actionsOf, type Opener, type Stage } from "./stage.ts";
import { passDeadlines } from "./subject.ts";

export const REFUSED = "INSERT INTO kept VALUES (99)";

export const ACTIONS: readonly Action[] = [
  ...actionsOf("request", {
    "502": { action: "status", status: 502 },
    "drop-before": { action: "drop-before" },
    "drop-after": { action: "drop-after" },
    truncate: { action: "truncate" },
    hang: { action: "hang" },
    "hang-after": { action: "hang-after" },
    "no-baton": { action: "no-baton" },
  }),
  ...actionsOf("statement", { refuse: { action: "refuse" } }),
];

/** A server of libSQL's, with what is opened on it. */
export async function startLibsqlStage(
  options: LibsqlServerOptions,
  openerOf: (server: RunningServer, clock: JumpingClock) => Opener | Promise<Opener>,
): Promise<Stage> {
  const server = await startLibsqlServer(options);
  const clock = new JumpingClock();
  const ask = async (sql: string): Promise<number[]> => {
    const requests = [{ type: "execute", stmt: { sql } }, { type: "close" }];
    const response = await fetch(`${server.url}/v2/pipeline`, { method: "POST", body: JSON.stringify({ requests }) });
    const { results } = (await response.json()) as {
      results: [{ response: { result: { rows: { value: string }[][] } } }];
    };
    return results[0].response.result.rows.map(([cell]) => Number(cell!.value));
  };
  await ask("CREATE TABLE goods (n INTEGER UNIQUE)");
  await ask("CREATE TABLE kept (n INTEGER REFERENCES goods (n) DEFERRABLE INITIALLY DEFERRED)");
  const opener = await openerOf(server, clock);
  return {
    open: () => opener.open(),
    counts: async () => {
      const requests = await server.requests();
      await server.forgetRequests();
      return { request: requests.length, statement: requests.flatMap(({ sql }) => sql).length };
    },
    fail: (fault, after) => server.fail({ ...(fault as Fault), after }),
    met: () => server.metFaults(),
    passDeadlines: () => passDeadlines(clock),
    clear: () => server.clearFaults(),
    take: async () => {
      // Whoever waits for their answer would wait for seconds.
      await server.cutHung();
      // Streams whose answers were lost end at the server by themselves, after ten seconds.
      await server.expireStreams();
      const stored = await ask("SELECT n FROM goods ORDER BY n");
      await ask("DELETE FROM goods");
      return stored;
    },
    leaks: async () => (await server.open()).map(({ number }) => `stream ${number}`),
    stop: async () => {
      await opener.stop?.();
      await server.stop();
    },
  };
}
