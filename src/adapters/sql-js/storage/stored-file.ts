/** One file of a storage, as OPFS and Node have it: synchronous, and open to one user. */
export interface StoredFile {
  sizeBytes(): number;
  /** @returns how many bytes were there to read. */
  read(into: Uint8Array, at: number): number;
  /** @returns how many bytes were written: fewer than asked for, where a disk is full. */
  write(bytes: Uint8Array, at: number): number;
  truncate(sizeBytes: number): void;
  /** Returns when all that was written would survive a power cut. */
  flush(): void;
  close(): void;
}

export function readAll(file: StoredFile): Uint8Array {
  const bytes = new Uint8Array(file.sizeBytes());
  let at = 0;
  for (let count = 1; at < bytes.length && count > 0; at += count) count = file.read(bytes.subarray(at), at);
  return at === bytes.length ? bytes : bytes.slice(0, at);
}

export function writeAll(file: StoredFile, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) {
    const count = file.write(bytes.subarray(done), at + done);
    if (!(count > 0)) throw new DOMException(`wrote ${done} of ${bytes.length} bytes`, "QuotaExceededError");
    done += count;
  }
}
