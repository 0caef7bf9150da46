// From the bytes of a file to an open database: kept in this browser where that can be had, and recovered where it is damaged.

import { type DatabaseEvent, isDbError } from "../../src/index.ts";
import { type Catalog, readCatalog } from "./catalog.ts";
import { discard, imageOf, onFile, openDatabase, type OpenDatabase } from "./engine/engine.ts";
import type { Recovery } from "./engine/recover.ts";
import { count, fileSize, plural } from "./format.ts";

export interface Opened extends OpenDatabase {
  readonly catalog: Catalog;
  /** What a person has to know of it; `""`: nothing. */
  readonly remark: string;
}

export interface OpeningOptions {
  readonly id: string;
  readonly onEvent: (event: DatabaseEvent) => void;
  readonly isInMemory?: boolean | undefined;
}

const SQLITE_HEADER = "SQLite format 3\0";
const HEADER_BYTES = 100;

/** Whether the bytes begin as an SQLite file does. One with no bytes is an empty database. */
export function isSqlite(image: Uint8Array): boolean {
  return image.length === 0 || new TextDecoder("latin1").decode(image.subarray(0, 16)) === SQLITE_HEADER;
}

/** Opens one that this browser keeps already, or an empty one. */
export async function open({ id, onEvent, isInMemory = false }: OpeningOptions): Promise<Opened> {
  const opened = await openDatabase({ name: id, memory: isInMemory ? { image: undefined } : undefined, onEvent });
  if (opened.keptIn !== "memory" || isInMemory) return complete(opened, "");
  // Nothing can be kept here: what is in memory is each tab's own, because it would be gone with the one that leads.
  await discard(opened.db);
  return open({ id, onEvent, isInMemory: true });
}

/** Keeps a file, and opens it. @throws Error in words: it cannot be opened, and is not kept. */
export async function openImage(image: Uint8Array, options: OpeningOptions): Promise<Opened> {
  const damage = damageOf(image);
  if (damage) return openRecovered(image, damage, options);
  // Bytes 18 and 19: 2 for a write-ahead log, which is a file of its own.
  const remark =
    image[18] === 2 ? "Its last writes may be missing: they are in its -wal file, which was not given." : "";
  const opened = await put(image, options).catch((error: unknown) => error);
  if (opened instanceof Error) return openRecovered(image, reasonOf(opened), options);
  const { catalog } = opened as Opened;
  if (!catalog.isDamaged) return { ...(opened as Opened), remark };
  await dropKept(opened as Opened, options.id);
  return openRecovered(image, "some of its tables cannot be read to their end", options);
}

/** Removes what was opened and is not wanted. */
export async function dropKept({ db, keptIn }: Pick<Opened, "db" | "keptIn">, id: string): Promise<void> {
  await discard(db);
  if (keptIn !== "memory") await onFile({ op: "remove", name: id });
}

async function openRecovered(image: Uint8Array, damage: string, options: OpeningOptions): Promise<Opened> {
  let recovery: Recovery;
  try {
    recovery = await onFile({ op: "recover", image });
  } catch (error) {
    throw new Error(`${damage}, and nothing could be recovered: ${reasonOf(error)}`, { cause: error });
  }
  const opened = await put(recovery.image, options);
  return { ...opened, remark: describe(recovery, damage) };
}

async function put(image: Uint8Array, { id, onEvent, isInMemory }: OpeningOptions): Promise<Opened> {
  const keptIn = isInMemory || image.length === 0 ? "memory" : await onFile({ op: "keep", name: id, image });
  const isKept = keptIn !== "memory" || (image.length === 0 && !isInMemory);
  try {
    return await complete(await openDatabase({ name: id, memory: isKept ? undefined : { image }, onEvent }), "");
  } catch (error) {
    if (isKept) await onFile({ op: "remove", name: id });
    throw error;
  }
}

async function complete(opened: OpenDatabase, remark: string): Promise<Opened> {
  try {
    return { ...opened, catalog: await readCatalog(opened.db), remark };
  } catch (error) {
    await discard(opened.db);
    throw error;
  }
}

/** What is wrong with a file by its header; `""`: nothing that shows there. */
function damageOf(image: Uint8Array): string {
  if (image.length === 0) return "";
  if (image.length < HEADER_BYTES) throw new Error(`it is cut off within its header: it has ${image.length} bytes`);
  const header = new DataView(image.buffer, image.byteOffset, HEADER_BYTES);
  const stated = header.getUint16(16);
  const pageSize = stated === 1 ? 65_536 : stated;
  // A very old SQLite did not keep the number of pages: then these two differ.
  if (header.getUint32(24) !== header.getUint32(92)) return "";
  const size = header.getUint32(28) * pageSize;
  return image.length < size ? `it is cut off: ${fileSize(image.length)} of ${fileSize(size)} are there` : "";
}

function describe({ tables }: Recovery, damage: string): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const broken = tables.filter(({ isWhole }) => !isWhole);
  const named = broken.slice(0, 8).map((table) => `${table.name} (${plural(table.rows, "row")})`);
  const more = broken.length > 8 ? ` and ${count(broken.length - 8)} more` : "";
  const state = broken.length === 0 ? "All of its tables are whole" : `Read in part: ${named.join(", ")}${more}`;
  return `The file is damaged: ${damage}. This is what could be read, as a new database: ${plural(rows, "row")} in ${plural(tables.length, "table")}. ${state}.`;
}

export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const plain = isDbError(error) ? text.slice(error.code.length + 2) : text;
  return plain.replace(/[.!?]$/, "");
}

/** Whether another tab has the database. */
export function isLocked(error: unknown): boolean {
  return isDbError(error, "STORAGE_FAILED") && error.details.reason === "locked";
}

export { imageOf };
