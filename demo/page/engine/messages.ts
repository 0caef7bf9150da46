// What the page and its workers tell each other, besides what isopool sends.

import type { BrowserStorageKind } from "../../../src/adapters/sql-js/storage/index.ts";
import type { Recovery } from "./recover.ts";

/** The name of a worker that keeps nothing. */
export const IN_MEMORY = "in memory";

/** To the worker of a database, ahead of all else: what one in memory begins with. */
export interface Beginning {
  readonly image: Uint8Array;
  readonly name: string;
}

/** To the worker of files: one question, one answer. */
export type FileTask =
  | { readonly op: "keep"; readonly name: string; readonly image: Uint8Array }
  | { readonly op: "remove"; readonly name: string }
  | { readonly op: "recover"; readonly image: Uint8Array };

export interface FileResults {
  /** What it is kept in now. */
  readonly keep: BrowserStorageKind;
  readonly remove: true;
  readonly recover: Recovery;
}

export type FileAnswer = { readonly result: unknown } | { readonly error: string };
