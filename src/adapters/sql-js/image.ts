/**
 * What is wrong with an SQLite file, as far as its first bytes tell; `undefined`: nothing. An empty one is an empty database.
 *
 * Source: https://sqlite.org/fileformat.html#the_database_header
 */
export function faultOf(image: Uint8Array): string | undefined {
  const { length } = image;
  if (length === 0) return undefined;
  if (String.fromCharCode(...image.subarray(0, 16)) !== "SQLite format 3\0".slice(0, length)) {
    const looksEncrypted = length % 512 === 0 && new Set(image.subarray(0, 1_024)).size > 200;
    return looksEncrypted
      ? "is not an SQLite database, or is encrypted (SQLCipher, SEE): decrypt it first"
      : "is not an SQLite database: those begin with `SQLite format 3`";
  }
  if (length < 100) return `is truncated: it has ${length} bytes`;
  const header = new DataView(image.buffer, image.byteOffset, 100);
  // 1 is legacy, 2 is WAL; the schema's format is at 44.
  if (Math.max(image[18]!, image[19]!) > 2 || header.getUint32(44) > 4)
    return "has a newer format than this SQLite: use a newer sql.js";
  const pageSize = header.getUint16(16) === 1 ? 65_536 : header.getUint16(16);
  // A very old SQLite did not keep the number of pages: then these two differ.
  const size = header.getUint32(24) === header.getUint32(92) ? header.getUint32(28) * pageSize : 0;
  return length < size || (!size && length % pageSize)
    ? `is truncated: it has ${length} bytes${size ? ` of ${size}` : ""}`
    : undefined;
}

/** Whether it was written in WAL mode: what had not been checkpointed is in another file, `…-wal`. */
export function isWal(image: Uint8Array): boolean {
  return image[18] === 2;
}

/**
 * One of another realm will do. An ArrayBuffer has no length: it would be an empty image.
 *
 * @throws TypeError
 */
export function checkImage(image: unknown, what: string = "`load()` to give"): void {
  if (Object.prototype.toString.call(image) !== "[object Uint8Array]")
    throw new TypeError(`Expected ${what} a Uint8Array, got \`${typeof image}\``);
}
