import { onTestFinished } from "vitest";
import { type LibsqlServerOptions, type RunningServer, startLibsqlServer } from "./libsql-server.ts";
import type { WireBatch, WireRequest, WireResult } from "./wire.ts";

/** An answer of a pipeline, or of the server's refusal. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly baton: string | null;
  readonly results: readonly {
    readonly type: "ok" | "error";
    readonly response: { readonly result: WireResult } & Readonly<Record<string, unknown>>;
    readonly error: { readonly message: string; readonly code: string };
  }[];
}

/** A server, and the shortest way to talk to it: no client in between. */
export interface Wire {
  readonly server: RunningServer;
  post(requests: readonly WireRequest[], baton?: string | null, path?: string, token?: string): Promise<Answer>;
  cursor(batch: WireBatch, baton?: string | null): Promise<{ status: number; lines: Record<string, unknown>[] }>;
}

/** Starts a server that ends with the test. */
export async function startWire(options: LibsqlServerOptions): Promise<Wire> {
  const server = await startLibsqlServer(options);
  onTestFinished(() => server.stop());
  const send = (path: string, body: unknown, token?: string): Promise<Response> =>
    fetch(server.url + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
  return {
    server,
    post: async (requests, baton = null, path = "/v3/pipeline", token) => {
      const response = await send(path, { baton, requests }, token);
      const text = await response.text();
      const isJson = response.headers.get("content-type") === "application/json";
      return { status: response.status, text, ...(isJson && response.ok && (JSON.parse(text) as Answer)) } as Answer;
    },
    cursor: async (batch, baton = null) => {
      const response = await send("/v3/cursor", { baton, batch });
      const lines = (await response.text()).split("\n").filter(Boolean);
      return {
        status: response.status,
        lines: response.ok ? lines.map((line) => JSON.parse(line) as Record<string, unknown>) : [],
      };
    },
  };
}

export function execute(sql: string): WireRequest {
  return { type: "execute", stmt: { sql } };
}

export const AUTOCOMMIT: WireRequest = { type: "get_autocommit" };
export const CLOSE: WireRequest = { type: "close" };
