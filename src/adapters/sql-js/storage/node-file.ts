import type { StoredFile } from "./stored-file.ts";

/** What is used of `node:fs`. */
export interface FileSystem {
  existsSync(path: string): boolean;
  mkdirSync(path: string, options: { recursive: true }): unknown;
  openSync(path: string, flags: string): number;
  closeSync(handle: number): void;
  fstatSync(handle: number): { readonly size: number; readonly dev: number; readonly ino: number };
  statSync(path: string): { readonly dev: number; readonly ino: number };
  readSync(handle: number, into: Uint8Array, offset: number, length: number, at: number): number;
  writeSync(handle: number, bytes: Uint8Array, offset: number, length: number, at: number): number;
  ftruncateSync(handle: number, sizeBytes: number): void;
  fsyncSync(handle: number): void;
  fdatasyncSync(handle: number): void;
  readFileSync(path: string, encoding: "utf8"): string;
  writeFileSync(path: string, text: string, options: { flag: string }): void;
  linkSync(existing: string, path: string): void;
  rmSync(path: string, options: { force: true }): void;
}

/** What is used of `node:process`. */
export interface ProcessTable {
  readonly pid: number;
  kill(pid: number, signal: 0): unknown;
}

export class NodeFile implements StoredFile {
  readonly #fs: FileSystem;
  readonly #handle: number;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    // To read and write it as it is; made, where it is not there.
    this.#handle = fs.openSync(path, fs.existsSync(path) ? "r+" : "wx+");
  }

  sizeBytes(): number {
    return this.#fs.fstatSync(this.#handle).size;
  }

  read(into: Uint8Array, at: number): number {
    return this.#fs.readSync(this.#handle, into, 0, into.length, at);
  }

  write(bytes: Uint8Array, at: number): number {
    return this.#fs.writeSync(this.#handle, bytes, 0, bytes.length, at);
  }

  truncate(sizeBytes: number): void {
    this.#fs.ftruncateSync(this.#handle, sizeBytes);
  }

  flush(): void {
    this.#fs.fdatasyncSync(this.#handle);
  }

  close(): void {
    this.#fs.closeSync(this.#handle);
  }
}
