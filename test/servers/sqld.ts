// A real sqld, from its own program: a primary, and replicas of it.
//
//   const primary = await startSqld();                       // http://127.0.0.1:<port>
//   const replica = await startSqld({ replicates: primary });
//   await replica.stop();

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSqld } from "../setup/ensure-sqld.mjs";

export interface Sqld {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Where its replicas follow it. */
  readonly grpcPort: number;
  /** Where namespaces are made, if it has them. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

export interface SqldOptions {
  /** The primary that it is to follow. Default: it is one itself. */
  readonly replicates?: Sqld;
  /** Its program. Default: the one that is fetched. */
  readonly program?: string | undefined;
  /** Whether the first label of a request's Host says which database it is for. Default false. */
  readonly hasNamespaces?: boolean;
}

/** Whether there is a sqld for this machine; fetches it. */
export async function hasSqld(): Promise<boolean> {
  return (await ensureSqld()) !== undefined;
}

/** Starts one with an empty database; resolves when it answers. Call `stop()` once, on every path. */
export async function startSqld({ replicates, hasNamespaces, program: given }: SqldOptions = {}): Promise<Sqld> {
  const program = given ?? (await ensureSqld());
  if (program === undefined) throw new Error("there is no sqld for this machine");
  const folder = mkdtempSync(join(tmpdir(), "isopool-sqld-"));
  const [port, grpcPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const role = replicates
    ? ["--primary-grpc-url", `http://127.0.0.1:${replicates.grpcPort}`]
    : ["--grpc-listen-addr", `127.0.0.1:${grpcPort}`];
  const names = hasNamespaces
    ? ["--enable-namespaces", "--max-active-namespaces", "2000", "--admin-listen-addr", `127.0.0.1:${adminPort}`]
    : [];
  const place = ["--db-path", join(folder, "data"), "--http-listen-addr", `127.0.0.1:${port}`];
  const child = spawn(program, [...place, ...role, ...names, "--no-welcome", "--disable-metrics"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await answers(url, child);
  } catch (error) {
    await stop();
    throw new Error(`sqld did not start:\n${printed}`, { cause: error });
  }
  return { url, grpcPort, adminUrl: `http://127.0.0.1:${adminPort}`, stop };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const response = await fetch(`${url}/health`).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it does not answer");
}

/** A port below those that the system hands out by itself: nobody takes it between here and the start. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}
