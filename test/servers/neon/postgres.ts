import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBinaries, isWithinReach, type RunAs, whoRuns } from "./binaries.ts";
import type { PostgresVersion } from "./options.ts";

export interface Postgres {
  readonly port: number;
  /** Whoever comes by this socket is believed to be who he says; over TCP the password is asked for, in clear text. */
  readonly socketPath: string;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
// What is lost when the machine fails is not tested.
const SETTINGS = {
  listen_addresses: HOST,
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  shared_buffers: "16MB",
  // A hundred requests at once are a hundred backends, as at Neon when its own pool is full.
  max_connections: "300",
  // How long it waits before it looks for a deadlock; one second, if nothing is said.
  deadlock_timeout: "50ms",
  timezone: "UTC",
};
const ACCESS = `local all all trust\nhost all all ${HOST}/32 password\n`;
// The shell holds the other end of a pipe from this process: however this process ends, the shell stops PostgreSQL and
// removes the data. In a session of its own, so that no Ctrl-C reaches it first.
const KEEPER = `D="$1"; shift; trap "" INT HUP TERM; "$@" </dev/null & P=$!; cat >/dev/null; kill -INT $P; wait $P; rm -rf "$D"`;

/** Starts PostgreSQL on an empty cluster in the folder for temporary files; it ends with this process, whatever ends it. */
export async function startPostgres(version: PostgresVersion): Promise<Postgres> {
  const who = whoRuns();
  const temporary = isWithinReach(tmpdir(), who) ? tmpdir() : "/tmp";
  const folder = mkdtempSync(join(temporary, `postgresql-${version}-`));
  try {
    if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
    const binaries = findBinaries(version, who, folder);
    await initialize(binaries, folder, who);
    return await start(binaries, folder, who);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function initialize(binaries: string, folder: string, who: RunAs): Promise<void> {
  const data = join(folder, "data");
  const options = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  const child = spawn(join(binaries, "initdb"), options, { ...who, cwd: folder, env: environment() });
  const said = listen(child);
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`initdb: ${said()}`);
  writeFileSync(join(data, "pg_hba.conf"), ACCESS);
}

async function start(binaries: string, folder: string, who: RunAs): Promise<Postgres> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const settings = Object.entries({ ...SETTINGS, unix_socket_directories: folder, port });
    const command = [join(binaries, "postgres"), "-D", join(folder, "data")];
    const child = spawn(
      "sh",
      ["-c", KEEPER, "sh", folder, ...command, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      { ...who, cwd: "/", env: environment(), detached: true, stdio: ["pipe", "ignore", "pipe"] },
    );
    const said = listen(child);
    if (await isReady(child, said)) return running(child, port, folder);
    child.kill("SIGKILL");
    // Somebody else took the port in between.
    if (attempt >= 5 || !/could not bind|in use/.test(said())) throw new Error(`postgres: ${said()}`);
  }
}

function running(child: ChildProcess, port: number, folder: string): Postgres {
  const ended = once(child, "exit");
  child.unref();
  return {
    port,
    socketPath: join(folder, `.s.PGSQL.${port}`),
    stop: async () => {
      child.ref();
      child.stdin!.end();
      await ended;
    },
  };
}

function isReady(child: ChildProcess, said: () => string): Promise<boolean> {
  return new Promise((resolve) => {
    child.stderr!.on("data", () => {
      if (said().includes("ready to accept connections")) resolve(true);
      else if (said().includes("database system is shut down") || said().includes("FATAL:")) resolve(false);
    });
    child.once("exit", () => resolve(false));
  });
}

/** What it has printed so far. */
function listen(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      // Its beginning tells whether it could start.
      if (text.length < 10_000) text += chunk.toString();
    });
  }
  return () => text;
}

/** Its messages are read, so they are in English. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", TZ: "UTC" };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
