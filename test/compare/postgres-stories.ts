// Stories on PostgreSQL, in Node: one function each, played on every library that has PostgreSQL.

import { type RunningServer, startNeonServer } from "../servers/neon/server.ts";
import { ensurePgbouncer } from "../setup/ensure-pgbouncer.mjs";
import { type Opened, openPostgres, type OpenOptions } from "./postgres-players.ts";
import { endingShown, type Library, type Play, shown, type Story, type Verdict, verdict, within } from "./story.ts";

const GOODS = "CREATE TABLE goods (number int PRIMARY KEY, name text NOT NULL)";
const INSERT = "INSERT INTO goods VALUES (1, 'tea')";
/** Longer than any default of isopool's; what is still waiting then waits for ever, as far as a user is concerned. */
const LONG_MS = 15_000;

interface Stage {
  readonly server: RunningServer;
  open(options?: OpenOptions): Opened;
  /** Rows of `goods`, past the library. */
  count(): Promise<number>;
}

type PostgresStory = Pick<Story, "name" | "passes" | "note"> & {
  readonly server?: { readonly pooler: number };
  /** Where what is played needs something that this machine has not. */
  readonly isMissing?: () => Promise<string | undefined>;
  /** Libraries that it does not apply to. */
  readonly apart?: Partial<Record<Library, string>>;
  play(stage: Stage): Promise<Verdict>;
};

const mine = new Error("the application's own error");

/** Both spellings of a word of SQL: libraries differ. */
async function failAt(server: RunningServer, word: string, action: "drop-before" | "drop-after"): Promise<void> {
  for (const sql of [word, word.toLowerCase()]) await server.fail({ on: "tunnel", action, sql });
}

/** Whether another transaction works as if nothing had been. */
async function worksAgain(opened: Opened): Promise<string | undefined> {
  const ending = await within(
    LONG_MS,
    opened.transaction((ask) => ask("INSERT INTO goods VALUES (2, 'salt')")),
  );
  return ending.kind === "done" ? undefined : `the next transaction: ${endingShown(ending)}`;
}

const stories: readonly PostgresStory[] = [
  {
    name: "thrown handler",
    passes: "what was written is taken back, and the application gets its own error",
    play: async ({ open, count }) => {
      const work = open().transaction(async (ask) => {
        await ask(INSERT);
        throw mine;
      });
      const ending = await within(LONG_MS, work);
      const rows = await count();
      const isOwn = ending.kind === "failed" && ending.error === mine;
      return verdict(rows === 0 && isOwn, `${rows} rows stored; ${isOwn ? "its own error" : endingShown(ending)}`);
    },
  },
  {
    name: "failed BEGIN",
    passes: "the application is told and nothing is stored, or it is done all the same; and the next transaction works",
    play: async ({ server, open, count }) => {
      const opened = open({ max: 1 });
      await opened.ask("SELECT 1");
      await failAt(server, "BEGIN", "drop-before");
      const ending = await within(
        LONG_MS,
        opened.transaction((ask) => ask(INSERT)),
      );
      await server.clearFaults();
      const rows = await count();
      const broken = await worksAgain(opened);
      const isPassed = ending.kind !== "waiting" && rows === (ending.kind === "done" ? 1 : 0) && broken === undefined;
      return verdict(
        isPassed,
        `${endingShown(ending)}; ${rows} rows stored; ${broken ?? "the next transaction works"}`,
      );
    },
  },
  {
    name: "failed ROLLBACK",
    passes: "the application gets the error that it threw, nothing is stored, and the next transaction works",
    play: async ({ server, open, count }) => {
      const opened = open({ max: 1 });
      await failAt(server, "ROLLBACK", "drop-before");
      const work = opened.transaction(async (ask) => {
        await ask(INSERT);
        throw mine;
      });
      const ending = await within(LONG_MS, work);
      await server.clearFaults();
      const rows = await count();
      const broken = await worksAgain(opened);
      const isOwn = ending.kind === "failed" && ending.error === mine;
      const told = isOwn ? "its own error" : `instead of its own error: ${endingShown(ending)}`;
      return verdict(isOwn && rows === 0 && !broken, `${told}; ${broken ?? "the next transaction works"}`);
    },
  },
  {
    name: "lost COMMIT",
    passes: "the error says that the outcome is unknown, apart from errors after which nothing is stored",
    note: "An application that writes COMMIT itself can tell by the place of the error, if it does not send ROLLBACK after it as the documented code does.",
    play: async ({ server, open, count }) => {
      const opened = open({ max: 1 });
      await failAt(server, "COMMIT", "drop-after");
      const ending = await within(
        LONG_MS,
        opened.transaction((ask) => ask(INSERT)),
      );
      await server.clearFaults();
      const rows = await count();
      const { outcome } = (ending.kind === "failed" ? ending.error : {}) as { outcome?: string };
      return verdict(outcome === "unknown", `${rows} row stored; ${endingShown(ending)}`);
    },
  },
  {
    name: "exhausted pool",
    passes: "by default, whoever gets no connection is told in time",
    note: "`pg` and Neon's driver have `connectionTimeoutMillis`, which is off by default; Drizzle and Kysely use their pool.",
    play: async ({ open }) => {
      const opened = open({ max: 1 });
      let release!: () => void;
      const held = new Promise<void>((resolve) => (release = resolve));
      let isHeld!: () => void;
      const holding = new Promise<void>((resolve) => (isHeld = resolve));
      const holder = opened.transaction(async (ask) => {
        await ask("SELECT 1");
        isHeld();
        await held;
      });
      await holding;
      const asked = opened.ask("SELECT 2");
      const ending = await within(LONG_MS, asked);
      release();
      await holder;
      await asked.catch(() => undefined);
      return verdict(ending.kind === "failed", endingShown(ending));
    },
  },
  {
    name: "nested transaction at max 1",
    passes:
      "a function that opens a transaction by the module's object, called inside of one, is done or refused, and does not hang",
    note: "Who hands the transaction on does not hang: Drizzle's `tx.transaction()` is a savepoint, Kysely's controlled transactions have savepoints.",
    play: async ({ open, count }) => {
      const opened = open({ max: 1 });
      const save = (): Promise<unknown> => opened.transaction((ask) => ask(INSERT));
      let left = false;
      const work = opened.transaction(async (ask) => {
        await ask("SELECT 1");
        const inner = save();
        // Given up on after a while, so that the stage can be cleared.
        const ending = await within(LONG_MS, inner);
        left = ending.kind === "waiting";
        void inner.catch(() => undefined);
        if (ending.kind === "failed") throw ending.error;
      });
      const ending = await within(2 * LONG_MS, work);
      return verdict(
        !left,
        left ? `the inner one hung for ${LONG_MS / 1_000} s` : `${endingShown(ending)}; ${await count()} rows stored`,
      );
    },
  },
  {
    name: "state left in a function",
    passes: "what a function set on the connection is not there for the next borrower",
    note: "A pool that is told to forget each client, or `DISCARD ALL` in the application, costs a connect or a round trip for each transaction.",
    play: async ({ server, open }) => {
      await server.query(`CREATE FUNCTION leave() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
        RETURN set_config('app.tenant', 'acme', false); END $$`);
      const opened = open({ max: 1 });
      await opened.transaction((ask) => ask("SELECT leave()"));
      const [row] = await opened.transaction((ask) => ask("SELECT current_setting('app.tenant', true) AS tenant"));
      const tenant = String(row!["tenant"] ?? "");
      return verdict(tenant === "", tenant === "" ? "nothing of it" : `the next one is tenant ${tenant}`);
    },
  },
  {
    name: "tenant behind a pooler",
    passes: "behind a pgbouncer in transaction mode, no transaction of one tenant is another's",
    server: { pooler: 2 },
    isMissing: async () => ((await ensurePgbouncer()) === undefined ? "there is no pgbouncer here" : undefined),
    note: "Drizzle's documentation sets it for one transaction, which every library here could do; that of `pg` and Kysely sets it for the connection.",
    play: async ({ open }) => {
      const tenants = ["acme", "bell", "core"];
      const opened = tenants.map((tenant) => open({ tenant, max: 3 }));
      let wrong = 0;
      let first = "";
      for (let round = 0; round < 15; round++) {
        const look = async (each: Opened, at: number): Promise<void> => {
          const ending = await within(
            LONG_MS,
            each.transaction((ask) => ask("SELECT current_setting('app.tenant', true) AS tenant")),
          );
          const seen = ending.kind === "done" ? String(ending.value[0]!["tenant"]) : endingShown(ending);
          if (seen !== tenants[at]) wrong++;
          if (seen !== tenants[at]) first ||= `${tenants[at]} was ${seen || "nobody"}`;
        };
        await Promise.all(opened.map(look));
      }
      return verdict(
        wrong === 0,
        `${wrong} of ${15 * tenants.length} transactions were another's${first && `: ${first}`}`,
      );
    },
  },
  {
    name: "rotation of a password",
    passes: "after a rotation new connections have the new password, without a restart",
    // Straight at PostgreSQL, which knows users of its own; the driver goes by the proxy, whose login is the owner's.
    apart: { "Neon driver": "played straight at PostgreSQL; the driver has functions for credentials, as `pg` has" },
    play: async ({ server, open }) => {
      const user = `app_${server.database.name}`;
      await server.query(`CREATE ROLE ${user} LOGIN PASSWORD 'first'`);
      let password = "first";
      const url = new URL(server.database.directUrl);
      url.username = user;
      url.password = "first";
      const opened = open({ url: url.href, password: () => password, max: 1 });
      try {
        await opened.ask("SELECT 1");
        await server.query(`ALTER ROLE ${user} PASSWORD 'second'`);
        password = "second";
        // Its connection ends, as at a restart.
        await within(LONG_MS, opened.ask("SELECT pg_terminate_backend(pg_backend_pid())"));
        const endings = [await within(LONG_MS, opened.ask("SELECT 2")), await within(LONG_MS, opened.ask("SELECT 3"))];
        return verdict(endings[1]!.kind === "done", endings.map(endingShown).join(", then "));
      } finally {
        await opened.end();
        await server.query(`DROP ROLE ${user}`);
      }
    },
  },
];

export function postgresStories(): Story[] {
  return stories.map((story) => ({
    name: story.name,
    passes: story.passes,
    ...(story.note !== undefined && { note: story.note }),
    on: story.server ? "PostgreSQL behind a pgbouncer" : "PostgreSQL",
    plays: {
      isopool: playOf(story, "isopool"),
      Drizzle: playOf(story, "Drizzle"),
      Kysely: playOf(story, "Kysely"),
      "@libsql/client": "no PostgreSQL",
      "Neon driver": playOf(story, "Neon driver"),
      pg: playOf(story, "pg"),
    },
  }));
}

function playOf({ apart = {}, server: options, isMissing, play }: PostgresStory, library: Library): Play | string {
  const reason = apart[library];
  if (reason !== undefined) return reason;
  return async () => {
    const missing = await isMissing?.();
    if (missing !== undefined) throw new Error(missing);
    const server = await startNeonServer(options);
    const opened: Opened[] = [];
    const open = (given?: OpenOptions): Opened => {
      const each = openPostgres[library]!(server, given);
      opened.push(each);
      return each;
    };
    try {
      await server.query(GOODS);
      const count = async (): Promise<number> => (await server.query("SELECT 1 FROM goods")).length;
      return await play({ server, open, count });
    } finally {
      // One that hangs is not waited for: its server ends.
      for (const each of opened)
        await within(
          2_000,
          each.end().catch((error: unknown) => shown(error)),
        );
      await server.stop();
    }
  };
}
