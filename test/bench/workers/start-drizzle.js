// The same with Drizzle over it.
import { drizzle } from "drizzle-orm/libsql/web";

const orm = drizzle({ connection: { url: "libsql://database.example", authToken: "none" } });

export default {
  fetch: async () => new Response(orm.transaction ? "started" : "broken"),
};
