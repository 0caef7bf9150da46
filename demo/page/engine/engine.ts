// The page's side of its workers: databases that are kept in this browser or in memory, and what is done to files.

import type { BrowserStorageKind } from "../../../src/adapters/sql-js/storage/index.ts";
import { sqlJsTabs, type TabsDatabase } from "../../../src/adapters/sql-js/tabs/index.ts";
import { type RemoteDatabase, sqlJsWorker } from "../../../src/adapters/sql-js/worker/index.ts";
import { createDatabase, type Database, type DatabaseEvent, shared } from "../../../src/index.ts";
import { type FileAnswer, type FileResults, type FileTask, IN_MEMORY } from "./messages.ts";

export type KeptIn = BrowserStorageKind;

/** How long a query that was stopped may go on before its worker is ended. */
const STOP_MS = 400;

// Date.now() counts whole milliseconds, and most flights take less than one here.
const { clock, ...platform } = shared();
const runtime = { ...platform, clock: { ...clock, now: () => performance.now() } };

export interface OpenOptions {
  readonly name: string;
  /** In memory, for this tab alone, and begun with this; `undefined`: kept in this browser, and shared by its tabs. */
  readonly memory?: { readonly image: Uint8Array | undefined } | undefined;
  readonly onEvent: (event: DatabaseEvent) => void;
}

export interface OpenDatabase {
  readonly db: Database;
  readonly keptIn: KeptIn;
  /** Ends a worker that has all in memory, in the middle of what it does. */
  end(): void;
}

/** @throws DbError `CONNECT_FAILED` | `STORAGE_FAILED` */
export async function openDatabase({ name, memory, onEvent }: OpenOptions): Promise<OpenDatabase> {
  const worker = (): Worker => {
    const started = new Worker(new URL("./database.worker.ts", import.meta.url), {
      type: "module",
      name: memory ? IN_MEMORY : "kept",
    });
    if (memory?.image) started.postMessage({ image: memory.image, name }, []);
    return started;
  };
  const inWorker = sqlJsWorker({ worker, stopMs: STOP_MS });
  const db = createDatabase(`sqljs:${name}`, {
    adapters: [memory ? inWorker : sqlJsTabs({ adapter: inWorker })],
    runtime,
    onEvent,
    // A person's own import may take minutes, and what waits for it says so.
    pool: { acquireTimeoutMs: Infinity },
  });
  try {
    const raw = await db.session(async (session) => (await session.getConnection()).raw, {
      name: "the page opens the database",
    });
    const keptIn = memory ? "memory" : (db.stats().storage as KeptIn);
    return { db, keptIn, end: () => memory && (raw as RemoteDatabase).terminate() };
  } catch (error) {
    await discard(db);
    throw error;
  }
}

/** Whatever a database was in the middle of is given up. */
export async function discard(db: Database | undefined): Promise<void> {
  await db?.dispose({ timeoutMs: 0 }).catch(() => undefined);
}

/** The whole database as the bytes of a file, as of the last commit. */
export function imageOf(db: Database): Promise<Uint8Array<ArrayBuffer>> {
  return db.session(
    async (session) => {
      const { raw } = await session.getConnection();
      return (await (raw as TabsDatabase).export()) as Uint8Array<ArrayBuffer>;
    },
    { name: "the page downloads the database" },
  );
}

/** Has a worker of its own do it, and ends that. */
export function onFile<Task extends FileTask>(task: Task): Promise<FileResults[Task["op"]]> {
  const worker = new Worker(new URL("./files.worker.ts", import.meta.url), { type: "module" });
  return new Promise<FileResults[Task["op"]]>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<FileAnswer>) => {
      if ("error" in data) reject(new Error(data.error));
      else resolve(data.result as FileResults[Task["op"]]);
    });
    worker.addEventListener("error", ({ message }) => reject(new Error(message || "A worker could not be loaded.")));
    worker.postMessage(task, []);
  }).finally(() => worker.terminate());
}
