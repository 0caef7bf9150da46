import { storageFailed } from "./failure.ts";
import type { FileSystem, ProcessTable } from "./node-file.ts";

// On the global object: two copies of the package are one process.
const KEY = Symbol.for("isopool.sql-js.locks.1");

/**
 * Takes a database's lock file, which names its owner. One that was left by a process that is gone is taken over.
 *
 * @returns gives it back.
 * @throws DbError `STORAGE_FAILED`, reason `locked`.
 */
export function lockFile(fs: FileSystem, processes: ProcessTable, path: string, name: string): () => void {
  const file = `${path}-lock`;
  const own = ((globalThis as { [KEY]?: Set<string> })[KEY] ??= new Set());
  for (let attempt = 0; ; attempt++) {
    try {
      fs.writeFileSync(file, String(processes.pid), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
      const isHeld = own.has(file) || isAlive(processes, Number(fs.readFileSync(file, "utf8")));
      if (isHeld || attempt > 0) throw storageFailed(name, "locked", new Error(`its owner is named in ${file}`));
      fs.rmSync(file, { force: true });
    }
  }
  own.add(file);
  return () => {
    own.delete(file);
    fs.rmSync(file, { force: true });
  };
}

function isAlive(processes: ProcessTable, pid: number): boolean {
  // Our own number, and not held by us: in a container, every process that was here before had it.
  if (!(pid > 0) || pid === processes.pid) return false;
  try {
    processes.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code !== "ESRCH";
  }
}
