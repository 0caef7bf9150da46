// Handlers as applications have them, in three versions: as written, fused, and by hand. Read as text: each is a module of a user's.

import { readFileSync } from "node:fs";
import type { Database } from "../../../src/index.ts";
import { fused, ours } from "../run.ts";
import type { Request } from "./request.ts";

export type Handler = (db: Database, request: Request) => Promise<unknown>;

/** How a version of the corpus came to be. */
export type Version = "written" | "fused" | "hand";

const PARTS = ["shop", "ledger", "booking", "accounts", "content", "pages"] as const;

/** What a module's text exports; it imports nothing. */
function exportsOf(text: string): Record<string, Handler> {
  const body = text.replace(/import\*as (\S+) from"isopool\/fuse-runtime";/, "const $1=$given;");
  const names = [...body.matchAll(/^export const (\w+)/gm)].map(([, name]) => name!);
  // oxlint-disable-next-line typescript/no-implied-eval
  const evaluate = new Function(
    "$given",
    `"use strict";${body.replaceAll(/^export /gm, "")}\nreturn { ${names.join()} };`,
  );
  return evaluate(ours.abi) as Record<string, Handler>;
}

function read(part: string): string {
  return readFileSync(new URL(`${part}.mjs`, import.meta.url), "utf8");
}

/** All handlers by name. By hand there are only those where something can be done. */
export function corpus(version: Version): Readonly<Record<string, Handler>> {
  const all = PARTS.map((part) => {
    const text = version === "fused" ? fused(read(part)) : read(version === "hand" ? `by-hand/${part}` : part);
    return exportsOf(text);
  });
  return Object.assign({}, ...all) as Record<string, Handler>;
}
