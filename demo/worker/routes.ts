// Which request asks for what.

import { env } from "cloudflare:workers";
import * as contest from "./contest/contest.ts";
import { db, pool } from "./database.ts";
import { HttpError, json } from "./http.ts";
import { orderInput, productQuery } from "./input.ts";
import type { IsolateReport } from "./report.ts";
import { findOrder, listCategories, listProducts, placeOrder, salesReport } from "./shop.ts";
import { tally } from "./tally.ts";

/** A request, and what its path says. */
export interface Asked {
  readonly request: Request;
  readonly path: string;
  readonly params: URLSearchParams;
  /** What stands in the path for the route's `:id`. */
  readonly id: number;
}

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly handle: (asked: Asked) => Promise<Response>;
}

const routes: readonly Route[] = [
  {
    method: "GET",
    path: /^\/api\/products$/,
    handle: async ({ params }) => json(await listProducts(productQuery(params))),
  },
  { method: "GET", path: /^\/api\/categories$/, handle: async () => json(await listCategories()) },
  { method: "GET", path: /^\/api\/orders\/(\d{1,15})$/, handle: async ({ id }) => json(await findOrder(id)) },
  { method: "POST", path: /^\/api\/orders$/, handle: order },
  { method: "GET", path: /^\/api\/report$/, handle: async () => json(await salesReport()) },
  { method: "GET", path: /^\/api\/stats$/, handle: async () => json(await stats()) },
  { method: "POST", path: /^\/api\/contest$/, handle: onPostgres(() => contest.begin()) },
  {
    method: "POST",
    path: /^\/api\/contest\/(?:usual|ours)$/,
    handle: onPostgres(({ path, params }) => contest.place(path, params)),
  },
  {
    method: "GET",
    path: /^\/api\/contest\/(?:usual|ours)$/,
    handle: onPostgres(({ path }) => contest.books(path)),
  },
];

/** A client of the usual way is a socket: the contest needs a database that has such. */
function onPostgres(handle: Route["handle"]): Route["handle"] {
  return (asked) => {
    if (!env.DATABASE_URL.startsWith("postgres")) throw new HttpError(404, "The contest is played on PostgreSQL.");
    return handle(asked);
  };
}

async function order({ request }: Asked): Promise<Response> {
  const placed = await placeOrder(await orderInput(request));
  return json(placed, { status: 201, headers: { location: `/api/orders/${placed.id}` } });
}

/** No statement, no session: nothing is sent to the database for it. */
async function stats(): Promise<IsolateReport> {
  const { total, active, mostActive, sessions, sockets, latest } = tally;
  const { DATABASE_URL: url } = env;
  const [host] = url.startsWith("hosted:") ? await pool.stats(url) : [];
  return {
    requests: { total, active, mostActive },
    sessions,
    pool: db.stats(),
    sockets,
    latest,
    ...(host && { host }),
  };
}

/** @throws HttpError 404 | 405 */
export function findRoute({ method }: Request, path: string): { route: Route; id: number } {
  const [first, ...others] = routes.filter((route) => route.path.test(path));
  if (!first) throw new HttpError(404, `There is nothing at ${path}.`);
  const route = [first, ...others].find((each) => each.method === method);
  if (!route) throw new HttpError(405, `${path} does not allow ${method}.`, { headers: { allow: methodsAt(path) } });
  return { route, id: Number(route.path.exec(path)?.[1] ?? NaN) };
}

/** Methods that a path takes, as a header lists them; `""`: there is nothing there. */
export function methodsAt(path: string): string {
  const methods = routes.filter((route) => route.path.test(path)).map(({ method }) => method);
  return methods.length > 0 ? [...methods, "OPTIONS"].join(", ") : "";
}
