// The same with Turso's own client for its servers.
import { connect } from "@tursodatabase/serverless";

const connection = connect({ url: "libsql://database.example", authToken: "none" });

export default {
  fetch: async () => new Response(connection.transactionAsync ? "started" : "broken"),
};
