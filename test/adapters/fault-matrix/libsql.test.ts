import { libsql } from "../../../src/adapters/libsql/index.ts";
import { JumpingClock } from "../../kit/jumping-clock.ts";
import { type Fault, type LibsqlServerOptions, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { SERVERS } from "../libsql/shop.ts";
import { playMatrix } from "./matrix.ts";
import { actionsOf, type Stage } from "./stage.ts";
import { openSubject, passDeadlines } from "./subject.ts";

const ACTIONS = [
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

async function start(options: LibsqlServerOptions): Promise<Stage> {
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
  return {
    open: () => openSubject({ url: server.url, adapter: libsql(), clock, refused: "INSERT INTO kept VALUES (99)" }),
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
    stop: () => server.stop(),
  };
}

for (const { name, options } of SERVERS)
  playMatrix({
    name: `libSQL at ${name}`,
    actions: ACTIONS,
    endings: ["commit", "rollback", "refused"],
    all: [1, 2, 4],
    start: options && (() => start(options)),
  });
