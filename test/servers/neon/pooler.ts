import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pgbouncerPath } from "../../setup/ensure-pgbouncer.mjs";
import { isWithinReach, whoRuns } from "./binaries.ts";
import { OWNER, PASSWORD } from "./databases.ts";
import { environment, freePort, type Postgres } from "./postgres.ts";

// As PostgreSQL's: it ends with this process, however that ends.
const KEEPER = `D="$1"; shift; trap "" INT HUP TERM; "$@" </dev/null & P=$!; cat >/dev/null; kill -KILL $P; wait $P; rm -rf "$D"`;

/** Starts a pgbouncer in transaction mode that has so many connections to each database. */
export async function startPooler(postgres: Postgres, size: number): Promise<Postgres> {
  const path = pgbouncerPath();
  if (path === undefined) throw new Error("there is no pgbouncer: node test/setup/ensure-pgbouncer.mjs");
  const who = whoRuns();
  const folder = mkdtempSync(join(isWithinReach(tmpdir(), who) ? tmpdir() : "/tmp", "pgbouncer-"));
  if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
  const port = await freePort();
  const users = join(folder, "users.txt");
  writeFileSync(users, `"${OWNER}" "${PASSWORD}"\n`);
  const settings = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    pool_mode: "transaction",
    // In clear text, as Neon asks for it.
    auth_type: "plain",
    auth_file: users,
    default_pool_size: size,
    max_client_conn: 500,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const ini = join(folder, "pgbouncer.ini");
  writeFileSync(ini, `[databases]\n* = host=127.0.0.1 port=${postgres.port}\n[pgbouncer]\n${lines.join("\n")}\n`);
  const child = spawn("sh", ["-c", KEEPER, "sh", folder, path, "-q", ini], {
    ...who,
    cwd: "/",
    env: environment(),
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  child.unref();
  const stop = async (): Promise<void> => {
    child.ref();
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 200) {
      await stop();
      throw new Error("pgbouncer does not start");
    }
    await sleep(20);
  }
  return { port, socketPath: postgres.socketPath, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
