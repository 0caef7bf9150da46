// The same with libSQL's own client.
import { createClient } from "@libsql/client/web";

const client = createClient({ url: "libsql://database.example", authToken: "none" });

export default {
  fetch: async () => new Response(client.execute ? "started" : "broken"),
};
