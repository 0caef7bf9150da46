import { storageFailed } from "./failure.ts";
import type { FileSystem, ProcessTable } from "./node-file.ts";

// On the global object: two copies of the package are one process.
const KEY = Symbol.for("isopool.sql-js.locks.2");

/**
 * Takes a database's lock file, which names its owner. One that was left by a process that is gone is taken over, by one process alone.
 *
 * @returns gives it back.
 * @throws DbError `STORAGE_FAILED`, reason `locked`.
 */
export function lockFile(fs: FileSystem, processes: ProcessTable, path: string, name: string): () => void {
  const file = `${path}-lock`;
  const unlock = take(fs, processes, file);
  if (!unlock) throw storageFailed(name, "locked", new Error(`its owner is named in ${file}`));
  return unlock;
}

/** @returns `undefined`: another one has it. */
function take(fs: FileSystem, processes: ProcessTable, file: string): (() => void) | undefined {
  const own = ((globalThis as { [KEY]?: Set<string> })[KEY] ??= new Set());
  const token = `${processes.pid}-${globalThis.crypto.randomUUID()}`;
  while (!create(fs, file, token)) {
    const other = read(fs, file);
    if (other === undefined) continue;
    if (own.has(other) || isAlive(processes, Number.parseInt(other))) return undefined;
    // Two that find the same owner dead must not both remove its file: the second would remove that of the first.
    const settle = take(fs, processes, `${file}-${other}`);
    if (!settle) return undefined;
    if (read(fs, file) === other) fs.rmSync(file, { force: true });
    settle();
  }
  own.add(token);
  return () => {
    fs.rmSync(file, { force: true });
    own.delete(token);
  };
}

/** Makes a file that is never seen without its text. @returns false: there is one. */
function create(fs: FileSystem, file: string, text: string): boolean {
  const draft = `${file}.${text}`;
  fs.writeFileSync(draft, text, { flag: "wx" });
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
  return createWithoutLink(fs, file, text);
}

/** On a file system that has no links, as FAT: for a moment, the file is empty. */
function createWithoutLink(fs: FileSystem, file: string, text: string): boolean {
  try {
    fs.writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "EEXIST") return false;
    throw error;
  }
}

function read(fs: FileSystem, file: string): string | undefined {
  try {
    // It becomes part of a file's name.
    return fs.readFileSync(file, "utf8").replace(/[^\w-]/g, "") || "0";
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
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
