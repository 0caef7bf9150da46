// The door between a case in another runtime and the servers that this process can start.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DoorCall, Started } from "./suites.ts";

/** What can be started, by name. Whatever it gives is data, and methods with one argument at most. */
export type Servers = Readonly<Record<string, (options: never) => Promise<object>>>;

export interface Door {
  readonly url: string;
  /** Servers that were started and not stopped. */
  readonly running: number;
  close(): Promise<void>;
}

interface Running {
  readonly [name: string]: unknown;
}

export async function openDoor(servers: Servers): Promise<Door> {
  const running = new Map<number, Running>();
  let count = 0;
  const answer = async ({ server, number, method, argument }: DoorCall): Promise<unknown> => {
    if (number !== undefined && method !== undefined) {
      const value = await (running.get(number)![method] as (argument: unknown) => unknown)(argument);
      if (method === "stop") running.delete(number);
      return value;
    }
    const started = (await servers[server]!(argument as never)) as Running;
    const names = Object.keys(started);
    const methods = names.filter((name) => typeof started[name] === "function");
    running.set(++count, started);
    const data = Object.fromEntries(
      names.filter((name) => !methods.includes(name)).map((name) => [name, started[name]]),
    );
    return { number: count, data, methods } satisfies Started;
  };
  const http = createServer((request, response) => void serve(request, response, answer));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    get running() {
      return running.size;
    },
    async close() {
      http.closeAllConnections();
      http.close();
      await once(http, "close");
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (call: DoorCall) => Promise<unknown>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    if (request.method === "GET") {
      // A page to stand on, for the browser.
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>contract</title>");
      return;
    }
    const value = await answer(JSON.parse(Buffer.concat(chunks).toString()) as DoorCall);
    response.end(value === undefined ? "" : JSON.stringify(value));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}
