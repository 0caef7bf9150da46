// The Worker's API, as the page calls it.

import type { IsolateReport, Problem, ProductList, SalesReport } from "../../worker/report.ts";

/** An answer that is no success, in the Worker's words. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface OrderLines {
  readonly customerId: number;
  readonly lines: readonly { readonly productId: number; readonly quantity: number }[];
  /** How long the order waits inside its transaction, in milliseconds. */
  readonly pauseMs?: number;
}

export interface BurstAnswer {
  readonly status: number;
  readonly ms: number;
}

/** One of the databases on which the Worker runs beside the page. */
export interface ShopDatabase {
  readonly name: string;
  /** Below the page, wherever that is served. */
  readonly base: string;
}

export const databases = {
  libsql: { name: "libSQL", base: "./" },
  neon: { name: "PostgreSQL (Neon)", base: "./neon/" },
  hosted: { name: "Pool host", base: "./hosted/" },
} as const satisfies Record<string, ShopDatabase>;

let chosen: ShopDatabase = databases.libsql;

async function call<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(new URL(chosen.base + path, document.baseURI), init);
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  if (response.ok && isJson) return (await response.json()) as T;
  const { error } = isJson ? ((await response.json()) as Problem) : { error: "No Worker answers here." };
  throw new ApiError(isJson ? response.status : 404, error);
}

export const api = {
  /** The one that is asked. */
  get database(): ShopDatabase {
    return chosen;
  },
  set database(database: ShopDatabase) {
    chosen = database;
  },
  stats: (): Promise<IsolateReport> => call("api/stats"),
  categories: (): Promise<{ categories: string[] }> => call("api/categories"),
  products: (query: Record<string, string>, signal?: AbortSignal): Promise<ProductList> =>
    call(`api/products?${new URLSearchParams(query)}`, signal && { signal }),
  report: (): Promise<SalesReport> => call("api/report"),
  order: (lines: OrderLines, signal?: AbortSignal): Promise<{ id: number; totalCents: number }> =>
    call("api/orders", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(lines),
      ...(signal && { signal }),
    }),
  /** Requests that the page's own server sends in one moment: a browser sends six at a time. */
  burst: (count: number, path: string): Promise<{ answers: BurstAnswer[] }> =>
    call(`burst?${new URLSearchParams({ count: String(count), path })}`, { method: "POST" }),
};
