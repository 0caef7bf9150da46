// A Worker whose sessions nothing keeps alive, on some of its ways.

import { waitUntil } from "cloudflare:workers";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Context, Env } from "./shop.ts";

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

const runtimes = { plain: workers(), kept: workers({ waitUntil }), quiet: workers({ warn: false }) };
const dbs = new Map<string, Database>();

function database({ DATABASE_URL }: Env, name: keyof typeof runtimes): Database {
  const made = dbs.get(name) ?? createDatabase(DATABASE_URL, { adapters: [libsql()], runtime: runtimes[name] });
  dbs.set(name, made);
  return made;
}

const plain = (env: Env): Database => database(env, "plain");
const nested = withSession(plain, async (_request: Request, env: Env) => {
  await plain(env).session((session) => session.query("SELECT 1"));
  return new Response("nested");
});

export class Host {
  readonly #env: Env;

  constructor(_state: unknown, env: Env) {
    this.#env = env;
  }

  async fetch(): Promise<Response> {
    await plain(this.#env).session((session) => session.query("SELECT 1"));
    return new Response("object");
  }
}

const worker = {
  async fetch(request: Request, env: Env & { readonly Host: Namespace }, ctx: Context): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/stats":
        return Response.json(plain(env).stats());
      case "/nested":
        return nested(request, env, ctx);
      case "/object":
        return env.Host.get(env.Host.idFromName("a")).fetch(request);
      case "/kept":
        await database(env, "kept").session((session) => session.query("SELECT 1"));
        return new Response();
      case "/quiet":
        await database(env, "quiet").session((session) => session.query("SELECT 1"));
        return new Response();
      case "/by-hand":
        await plain(env).session((session) => session.query("SELECT 1"), {
          waitUntil: (promise) => ctx.waitUntil(promise),
        });
        return new Response();
      case "/lone":
        await plain(env).autocommit.query("SELECT 1");
        return new Response();
      case "/dispose":
        await Promise.all([...dbs.values()].map((each) => each.dispose()));
        return new Response();
      default:
        await plain(env).session((session) => session.query("SELECT 1"));
        return new Response();
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
