// A Worker without withSession(), on sockets of `pg`: workerd closes those with their request, and runs nothing more of it.

import { Client } from "pg";
import { postgres } from "../../../src/adapters/pg/index.ts";
import { createDatabase, type Database, type Session } from "../../../src/index.ts";
import { workers } from "../../../src/integrations/workers/index.ts";

interface Env {
  readonly URL: string;
}

let db: Database | undefined;

const database = ({ URL }: Env): Database =>
  (db ??= createDatabase(URL, {
    adapters: [postgres({ Client })],
    runtime: workers({ warn: false }),
    pool: { max: 1 },
  }));

/** One has the only connection of its request for very long, and others wait for it. */
async function hold(env: Env): Promise<void> {
  const long = async (session: Session): Promise<void> => {
    await session.query("SELECT 'held'");
    await new Promise((resolve) => setTimeout(resolve, 3_600_000));
  };
  const short = (session: Session): Promise<unknown> => session.query("SELECT 'waited'");
  await Promise.all([long, short, short].map((work) => database(env).session(work, { timeoutMs: 3_600_000 })));
}

const worker = {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/hold") await hold(env);
    if (pathname === "/one") await database(env).autocommit.query("SELECT 1");
    return Response.json(database(env).stats());
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
