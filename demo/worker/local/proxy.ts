// What stands between the page's server and the Worker: the page reaches both by one origin.

import { Agent, type IncomingMessage, request as send, type ServerResponse } from "node:http";

/** Answers a request of the page's server. */
export type Middleware = (request: IncomingMessage, response: ServerResponse) => void;

// A browser opens six connections to one host; these come from here, and have no such bound. None is kept: a workerd that is
// told to stop waits for its clients to hang up.
const agent = new Agent({ keepAlive: false });

/** Hands a request on to the Worker, and its client's leaving too. @param mount - what stands before the Worker's own paths. */
export function forward(target: string, mount: string): Middleware {
  return (request, response) => {
    const { method, headers, url = "/" } = request;
    const onward = send(new URL(url.slice(mount.length), target), { method, headers, agent });
    onward.on("response", (answer) => {
      const { location } = answer.headers;
      if (location?.startsWith("/")) answer.headers.location = mount + location;
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => refuse(response, 502, "The Worker did not answer."));
    response.on("close", () => {
      // A plain end would be taken for a client that has said all, and still listens.
      if (!response.writableFinished) onward.socket?.resetAndDestroy();
    });
    request.pipe(onward);
  };
}

export function refuse(response: ServerResponse, status: number, error: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify({ error }));
}

const MAX_BURST = 200;
/** Code that fails may answer never. */
const PATIENCE_MS = 10_000;

/**
 * Sends many requests to the Worker in one moment: `POST /burst?count=100&path=/api/products`; with `method=POST`, and a `{n}` in the path for
 * the number of each, orders as well.
 */
export function burst(target: string): Middleware {
  return (request, response) => {
    const { searchParams } = new URL(request.url ?? "/", target);
    const count = Number(searchParams.get("count"));
    const path = searchParams.get("path") ?? "";
    const method = searchParams.get("method") === "POST" ? "POST" : "GET";
    if (request.method !== "POST") return refuse(response, 405, "Send POST.");
    if (!(Number.isInteger(count) && count >= 1 && count <= MAX_BURST && path.startsWith("/api/")))
      return refuse(response, 400, `Say \`count\`, from 1 to ${MAX_BURST}, and a \`path\` below /api/.`);
    const urls = Array.from({ length: count }, (_, at) => new URL(path.replace("{n}", String(at + 1)), target));
    void Promise.all(urls.map((url) => ask(url, method))).then((answers) => {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify({ answers }));
    });
  };
}

function ask(url: URL, method: "GET" | "POST"): Promise<{ status: number; ms: number }> {
  const begun = performance.now();
  const end = (status: number): { status: number; ms: number } => ({ status, ms: performance.now() - begun });
  return new Promise((resolve) => {
    const asked = send(url, { agent, method });
    asked
      .on("response", (answer) => answer.resume().on("close", () => resolve(end(answer.statusCode ?? 0))))
      .on("error", () => resolve(end(0)))
      .setTimeout(PATIENCE_MS, () => asked.destroy())
      .end();
  });
}
