import { Client, neon, neonConfig } from "@neondatabase/serverless";
import { WebSocket } from "ws";
import { expect, test } from "vitest";
import { startNeonServer } from "./server.ts";

test("x", async () => {
  const t = performance.now();
  const server = await startNeonServer();
  console.log("ready", performance.now() - t);
  neonConfig.fetchEndpoint = () => server.fetchEndpoint;
  neonConfig.wsProxy = () => server.wsProxy;
  neonConfig.useSecureWebSocket = false;
  neonConfig.webSocketConstructor = WebSocket;
  const sql = neon(server.url);
  console.log(
    await sql`select version() v, ${1}::int a, ${new Date(0)}::timestamptz t, ${[1, 2]}::int[] arr, ${{ x: 1 }}::jsonb j`,
  );
  await sql`create table t(id int primary key, v text)`;
  console.log(
    await sql.transaction([sql`insert into t values(1,'a') returning *`, sql`show transaction_isolation`], {
      isolationLevel: "Serializable",
    }),
  );
  console.log(await sql`insert into t values(1,'dup')`.catch((e) => ({ ...e, message: e.message })));
  const client = new Client(server.url);
  await client.connect();
  console.log((await client.query("select pg_backend_pid(), current_user, $1::int x", [5])).rows);
  console.log(await server.open(), await server.counts());
  await client.end();
  expect(await server.leaks()).toEqual([]);
  console.log((await server.requests()).map(({ headers, ...r }) => r));
  await server.stop();
});
