// The same with Drizzle's next version over libSQL's own client.
import { drizzle } from "drizzle-orm-1/libsql/web";

const orm = drizzle({ connection: { url: "libsql://database.example", authToken: "none" } });

export default {
  fetch: async () => new Response(orm.transaction ? "started" : "broken"),
};
