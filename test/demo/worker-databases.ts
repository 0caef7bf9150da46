// The databases that the Worker is tested on, and what each is expected to see of it.

import { type LocalDatabase, localHosted, localLibsql, localNeon } from "../../demo/worker/local/databases.ts";
import type { RunningServer as LibsqlServer } from "../servers/libsql/libsql-server.ts";
import type { RunningServer as NeonServer } from "../servers/neon/server.ts";

/** A server, in the words of the Worker's tests. */
export interface Watched {
  /** Runs `work`; gives the round trips that the Worker waited for. */
  flightsOf(work: () => Promise<unknown>): Promise<number>;
  /** Transactions that are open now. */
  transactions(): Promise<number>;
  /** What is open and should not be, when no request is served. */
  leftovers(): Promise<readonly string[]>;
  /** Streams, or WebSockets, opened since the start. */
  opened(): Promise<number>;
  /** Has whatever asks for the categories fail, with words of the server's. */
  failCategories(): Promise<void>;
  mend(): Promise<void>;
  /** The isolate was ended: nobody is left to close what it had. */
  forget(): Promise<void>;
}

interface Tested<Server> {
  readonly start: (latencyMs: number) => Promise<LocalDatabase<Server>>;
  readonly watch: (server: Server) => Watched;
  /** Round trips of an order, its commit included. */
  readonly orderFlights: number;
  /** Most that a hundred lists at once may open. */
  readonly mostOpened: number;
}

const libsql: Tested<LibsqlServer> = { start: localLibsql, watch: watchLibsql, orderFlights: 2, mostOpened: 5 };
// An upgrade and a login come before the order's own two; a list goes over HTTP.
const neon: Tested<NeonServer> = { start: localNeon, watch: watchNeon, orderFlights: 3, mostOpened: 0 };

// The connections are the object's: an order pays its own two, behind a login where there is none yet.
const hosted: Tested<NeonServer> = { start: localHosted, watch: watchHosted, orderFlights: 2, mostOpened: 5 };

export const databases = {
  libSQL: libsql as Tested<unknown>,
  "PostgreSQL, as at Neon": neon as Tested<unknown>,
  "PostgreSQL, through a pool host": hosted as Tested<unknown>,
};

function watchLibsql(server: LibsqlServer): Watched {
  const transactions = async (): Promise<number> =>
    (await server.open()).filter(({ isInTransaction }) => isInTransaction).length;
  return {
    async flightsOf(work) {
      await server.forgetRequests();
      await work();
      return (await server.requests()).length;
    },
    transactions,
    async leftovers() {
      const open = await server.open();
      // Five are kept for the next requests.
      const wrong = open.length > 5 ? open : open.filter(({ isInTransaction }) => isInTransaction);
      return wrong.map(({ number }) => `stream ${number}`);
    },
    opened: async () => (await server.counts()).streamsOpened,
    failCategories: () =>
      server.fail({ action: "status", status: 500, body: "secret words", sql: "categories", times: 10 }),
    mend: () => server.clearFaults(),
    forget: () => server.forgetStreams(),
  };
}

function watchHosted(server: NeonServer): Watched {
  return {
    ...watchNeon(server),
    // Behind those that connect: an upgrade each.
    async flightsOf(work) {
      await server.forgetRequests();
      await work();
      const { flights, tunnelsOpened } = await server.counts();
      return flights - tunnelsOpened;
    },
    async leftovers() {
      const { backends } = await server.open();
      // Five are kept for the next requests.
      const wrong = backends.length > 5 ? backends : backends.filter(({ state }) => state !== "idle");
      return wrong.map(({ state, query }) => `${state}: ${query}`);
    },
    failCategories: () =>
      server.fail({ on: "tunnel", action: "error", body: "secret words", sql: "categories", times: 10 }),
  };
}

function watchNeon(server: NeonServer): Watched {
  return {
    async flightsOf(work) {
      await server.forgetRequests();
      await work();
      return (await server.counts()).flights;
    },
    transactions: async () =>
      (await server.open()).backends.filter(({ state }) => state.startsWith("idle in transaction")).length,
    leftovers: () => server.leaks(),
    opened: async () => (await server.counts()).tunnelsOpened,
    failCategories: () =>
      server.fail({ on: "http", action: "status", status: 500, body: "secret words", sql: "categories", times: 10 }),
    mend: () => server.clearFaults(),
    forget: async () => {},
  };
}
