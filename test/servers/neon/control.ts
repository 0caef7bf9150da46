// How a test tells a server what to do. No runtime is named here: over `fetch` it works in a Worker and in a page.

import type { Calls } from "./main.ts";
import type { Fault, Kill, NeonDatabase } from "./options.ts";

type Told<Name extends keyof Calls> = Promise<Awaited<ReturnType<Calls[Name]>>>;

export interface Control {
  /** Another empty database, with an owner, a URL and all, at this server. */
  createDatabase(): Told<"createDatabase">;
  /** Runs SQL of any number of statements as the owner, past the proxy and uncounted; gives the last rows, as texts. */
  query(sql: string, database?: NeonDatabase): Told<"query">;
  /** The same on a connection that stays, unseen by `open()`, for who asks again and again. */
  queryAgain(sql: string): Told<"query">;
  /** Everything that clients sent since the start, or since `forgetRequests()`, in order. */
  requests(): Told<"requests">;
  counts(): Told<"counts">;
  /** What is open now. */
  open(): Told<"open">;
  /** What is open and does not close within ten seconds, or so many milliseconds, in words; `[]` when nothing was left behind. */
  leaks(withinMs?: number): Told<"leaks">;
  /** Forgets requests, counts and peaks. */
  forgetRequests(): Told<"forgetRequests">;
  /** Makes something go wrong with what is to come. */
  fail(fault: Fault): Told<"fail">;
  clearFaults(): Told<"clearFaults">;
  /** Resolves with the next fault that happens, or with one since the last call; and with `clearFaults()`. */
  metFaults(): Told<"metFaults">;
  /** Cuts tunnels now; gives how many. */
  kill(kill?: Kill): Told<"kill">;
  /** Ends all clients' backends at PostgreSQL, as a restart of the compute does; gives how many. */
  killBackends(): Told<"killBackends">;
  stop(): Told<"stop">;
}

export type Ask = (name: keyof Calls, argument?: unknown) => Promise<unknown>;

export function controlBy(ask: Ask): Control {
  const method = (name: keyof Calls) => (argument?: unknown) => ask(name, argument) as Promise<never>;
  return {
    createDatabase: method("createDatabase"),
    query: (sql, database) => ask("query", { sql, database: database?.name }) as Promise<never>,
    queryAgain: (sql) => ask("query", { sql, isAgain: true }) as Promise<never>,
    requests: method("requests"),
    counts: method("counts"),
    open: method("open"),
    leaks: method("leaks"),
    forgetRequests: method("forgetRequests"),
    fail: method("fail"),
    clearFaults: method("clearFaults"),
    metFaults: method("metFaults"),
    kill: method("kill"),
    killBackends: method("killBackends"),
    stop: method("stop"),
  };
}

/** The same for who has no channel to the server's process. @param url - the server's `controlUrl`. */
export function controlOver(url: string): Control {
  return controlBy(async (name, argument) => {
    const response = await fetch(`${url}/${name}`, { method: "POST", body: JSON.stringify(argument) ?? "" });
    const { value, error } = (await response.json()) as { value?: unknown; error?: string };
    if (error !== undefined) throw new Error(`neon server: ${error}`);
    return value;
  });
}
