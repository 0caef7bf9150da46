import { systemClock } from "../../../clock.ts";
import { isDbError } from "../../../errors.ts";
import { storageFailed } from "./failure.ts";
import type { FileSystem, ProcessTable } from "./node-file.ts";

// On the global object: two copies of the package are one process.
const KEY = Symbol.for("isopool.sql-js.locks.2");

/** A program that is started anew meets the files that its former self has not let go of yet: they are asked for again, this long. */
const PATIENCE_MS = 3_000;
/** Long ones: on a busy machine each takes longer, and all of them must end before a session gives up. */
const PAUSE_MS = 250;

/** `lockFile()`, again and again for a while. */
export async function lockFilePatiently(...args: Parameters<typeof lockFile>): Promise<() => void> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      return lockFile(...args);
    } catch (error) {
      if (!isDbError(error, "STORAGE_FAILED") || waitedMs >= PATIENCE_MS) throw error;
      await new Promise((resolve) => systemClock.setTimeout(() => resolve(undefined), PAUSE_MS));
    }
  }
}

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
  const id = globalThis.crypto.randomUUID();
  let taken: Taken | undefined;
  while (!(taken = create(fs, file, processes.pid, id))) {
    const other = read(fs, file);
    if (other === undefined) continue;
    if (own.has(other) || isAlive(fs, processes, file, other)) return undefined;
    // Two that find the same owner dead must not both remove its file: the second would remove that of the first.
    const settle = take(fs, processes, `${file}-${other}`);
    if (!settle) return undefined;
    if (read(fs, file) === other) fs.rmSync(file, { force: true });
    settle();
  }
  const { handle, token } = taken;
  own.add(token);
  return () => {
    // Windows keeps the name of a file that is open.
    fs.closeSync(handle);
    fs.rmSync(file, { force: true });
    own.delete(token);
  };
}

/** A lock file that is ours: it stays open, which all threads of a process can see. */
interface Taken {
  readonly handle: number;
  readonly token: string;
}

/** Makes a file that is never seen without its text. @returns `undefined`: there is one. */
function create(fs: FileSystem, file: string, pid: number, id: string): Taken | undefined {
  const draft = `${file}.${id}`;
  const taken = write(fs, draft, pid, id);
  try {
    fs.linkSync(draft, file);
    return taken;
  } catch (error) {
    fs.closeSync(taken.handle);
    const { code } = error as { code?: unknown };
    if (code === "EEXIST") return undefined;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
  return createWithoutLink(fs, file, pid, id);
}

/** On a file system that has no links, as FAT: for a moment, the file is empty. */
function createWithoutLink(fs: FileSystem, file: string, pid: number, id: string): Taken | undefined {
  try {
    return write(fs, file, pid, id);
  } catch (error) {
    if ((error as { code?: unknown }).code === "EEXIST") return undefined;
    throw error;
  }
}

function write(fs: FileSystem, file: string, pid: number, id: string): Taken {
  const handle = fs.openSync(file, "wx");
  const token = `${pid}-h${handle}-${id}`;
  try {
    fs.writeFileSync(file, token, { flag: "w" });
    return { handle, token };
  } catch (error) {
    fs.closeSync(handle);
    fs.rmSync(file, { force: true });
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

function isAlive(fs: FileSystem, processes: ProcessTable, file: string, token: string): boolean {
  const pid = Number.parseInt(token);
  if (!(pid > 0)) return false;
  // Our own number, and not held by us: by another thread, or, in a container, by a process that was here before.
  if (pid === processes.pid) return isOpenHere(fs, file, Number(/-h(\d+)/.exec(token)?.[1]));
  try {
    processes.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code !== "ESRCH";
  }
}

/** Whether that handle of this process is of the file: threads share their handles, and one that is ended gives them back. */
function isOpenHere(fs: FileSystem, file: string, handle: number): boolean {
  try {
    // In this order: what looks at the file by its name may be given that very handle.
    const open = fs.fstatSync(handle);
    const { dev, ino } = fs.statSync(file);
    return open.ino === ino && open.dev === dev;
  } catch {
    return false;
  }
}
