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

/** Whoever wants it is answered this soon. */
const POLL_MS = 500;

/** Behind the text of a lock file: somebody asks whether its owner is alive. */
const QUESTION = "?";

/** A lock file that is ours. */
export interface FileLock {
  /** @throws DbError `STORAGE_FAILED`, reason `locked`: its owner was silent for long, and another one has it. */
  readonly check: () => void;
  /** Calls back when another one has it. It says from now on that its owner is alive. */
  readonly watch: (onLost: (() => void) | undefined) => void;
  readonly unlock: () => void;
}

/**
 * `lockFile()`, again and again for a while. Its owner is asked as well: in another container, or on another machine, the number of
 * its process says nothing, and one that does not answer is taken to be gone.
 */
export async function lockFilePatiently(
  ...[fs, processes, path, name]: Parameters<typeof lockFile>
): Promise<FileLock> {
  let asked: string | undefined;
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      return lockFile(fs, processes, path, name, waitedMs >= PATIENCE_MS ? asked : undefined);
    } catch (error) {
      if (!isDbError(error, "STORAGE_FAILED") || waitedMs >= PATIENCE_MS) throw error;
      const file = `${path}-lock`;
      if (waitedMs === 0) asked = ask(fs, file);
      else if (unanswered(fs, file) !== asked) asked = undefined;
      await new Promise((resolve) => systemClock.setTimeout(() => resolve(undefined), PAUSE_MS));
    }
  }
}

/**
 * Takes a database's lock file, which names its owner. One that was left by a process that is gone is taken over, by one process alone.
 *
 * @param silent - an owner that has not answered.
 * @throws DbError `STORAGE_FAILED`, reason `locked`.
 */
export function lockFile(
  fs: FileSystem,
  processes: ProcessTable,
  path: string,
  name: string,
  silent?: string,
): FileLock {
  const file = `${path}-lock`;
  const taken = take(fs, processes, file, silent);
  if (!taken) throw storageFailed(name, "locked", new Error(`its owner is named in ${file}`));
  const { handle, token } = taken;
  let [heardAt, timer]: [number, unknown] = [systemClock.now(), undefined];
  /** @returns false: another one has it. */
  const answer = (): boolean => {
    heardAt = systemClock.now();
    if (read(fs, file) !== token) return false;
    if (fs.fstatSync(handle).size > token.length) fs.ftruncateSync(handle, token.length);
    return true;
  };
  const watch = (onLost: (() => void) | undefined): void => {
    timer = systemClock.setTimeout(() => {
      try {
        if (!answer()) return onLost?.();
      } catch {
        // A disk that fails says nothing about the owner.
      }
      watch(onLost);
    }, POLL_MS);
    systemClock.unref?.(timer);
  };
  return {
    watch,
    check: () => {
      // Nobody takes it from an owner that answers. One that was blocked does so first.
      const isHeard = Math.abs(systemClock.now() - heardAt) < 2 * POLL_MS;
      if (!isHeard && !answer()) throw storageFailed(name, "locked", undefined, "unknown");
    },
    unlock: () => {
      systemClock.clearTimeout(timer);
      give(fs, file, taken);
    },
  };
}

/** @returns the owner that was asked. */
function ask(fs: FileSystem, file: string): string | undefined {
  try {
    const handle = fs.openSync(file, "r+");
    const question = new TextEncoder().encode(QUESTION);
    fs.writeSync(handle, question, 0, question.length, fs.fstatSync(handle).size);
    fs.closeSync(handle);
    return unanswered(fs, file);
  } catch {
    // It is gone, or another user's.
    return undefined;
  }
}

function unanswered(fs: FileSystem, file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8").endsWith(QUESTION) ? read(fs, file) : undefined;
  } catch {
    return undefined;
  }
}

/** @returns `undefined`: another one has it. */
function take(fs: FileSystem, processes: ProcessTable, file: string, silent?: string): Taken | undefined {
  const own = owned();
  const id = globalThis.crypto.randomUUID();
  let taken: Taken | undefined;
  while (!(taken = create(fs, file, processes.pid, id))) {
    const other = read(fs, file);
    if (other === undefined) continue;
    if (own.has(other) || isAlive(fs, processes, file, other, silent)) return undefined;
    // Two that find the same owner dead must not both remove its file: the second would remove that of the first.
    const settle = take(fs, processes, `${file}-${other}`);
    if (!settle) return undefined;
    if (read(fs, file) === other) fs.rmSync(file, { force: true });
    give(fs, `${file}-${other}`, settle);
  }
  own.add(taken.token);
  return taken;
}

function give(fs: FileSystem, file: string, { handle, token }: Taken): void {
  // Windows keeps the name of a file that is open.
  fs.closeSync(handle);
  if (read(fs, file) === token) fs.rmSync(file, { force: true });
  owned().delete(token);
}

/** Those that this isolate has. */
function owned(): Set<string> {
  return ((globalThis as { [KEY]?: Set<string> })[KEY] ??= new Set());
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
  const token = `${pid}-h${handle}-${id}-n${placeOf(fs)}`;
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

function isAlive(
  fs: FileSystem,
  processes: ProcessTable,
  file: string,
  token: string,
  silent: string | undefined,
): boolean {
  const place = /-n(\w+)$/.exec(token)?.[1];
  if (place && place !== placeOf(fs)) return token !== silent;
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

/** Where process numbers are those of the same processes: of this container, since this machine was started. */
function placeOf(fs: FileSystem): string {
  try {
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
    return `${boot}${fs.statSync("/proc/self/ns/pid").ino}`;
  } catch {
    // Linux alone says so.
    return "0";
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
