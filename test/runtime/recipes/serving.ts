// An application of a framework, built by its own command and served by it, on a libSQL server.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { expect } from "vitest";
import { type RunningServer, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { createGoods, idsAt } from "../workers/isolate.ts";

const exec = promisify(execFile);

export interface Served {
  readonly server: RunningServer;
  /** Sends JSON, or a form, by POST; without a body, GET. */
  send(path: string, body?: object): Promise<{ status: number; body: string }>;
  /** What is stored, asked past the application. */
  ids(): Promise<number[]>;
}

export interface ServeOptions {
  readonly cwd: string;
  /** The command line, for a port. */
  readonly command: (port: number) => readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

// vitest sets NODE_ENV to "test".
const ENV = { ...process.env, NODE_ENV: "production" };

/** Runs the build command of a framework, by this Node. */
export async function build(cwd: string, program: string, ...args: string[]): Promise<void> {
  await exec(process.execPath, [program, ...args], { cwd, env: { ...ENV, NEXT_TELEMETRY_DISABLED: "1" } });
}

/** Serves an application while `work` runs. At the end, no transaction may be open at its database. */
export async function serving(
  { cwd, command, env = {} }: ServeOptions,
  work: (served: Served) => Promise<void>,
): Promise<void> {
  const server = await startLibsqlServer({ tokens: { "the-token": "full" } });
  const port = await freePort();
  const [program, ...args] = command(port);
  const own = { HOST: "127.0.0.1", PORT: String(port), DATABASE_URL: server.url, DATABASE_TOKEN: "the-token" };
  const child = spawn(program, args, { cwd, env: { ...ENV, ...own, ...env } });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += String(chunk)));
  const send: Served["send"] = async (path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, body && { method: "POST", ...encoded(body) });
    return { status: response.status, body: await response.text() };
  };
  try {
    await createGoods(server.url, "the-token");
    await answering(
      () => send("/"),
      child,
      () => printed,
    );
    await server.forgetRequests();
    await work({ server, send, ids: () => idsAt(server.url, "the-token") });
    expect((await server.open()).filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
  } catch (error) {
    (error as Error).message += `\n${printed}`;
    throw error;
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
    await server.stop();
  }
}

function encoded(body: object): RequestInit {
  if (body instanceof FormData) return { body };
  return { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

/** Waits until it listens. */
async function answering(
  ask: () => Promise<unknown>,
  child: { readonly exitCode: number | null },
  printed: () => string,
): Promise<void> {
  while (child.exitCode === null) {
    const answer = await ask().catch(() => undefined);
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it has ended with ${child.exitCode}: ${printed()}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
