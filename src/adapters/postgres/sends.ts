// What of a part a driver can be asked for that runs one statement at a time. It has no portals with names: a stream reads from a cursor.

import { bare } from "./control.ts";
import type { Send } from "./groups.ts";
import type { Part } from "./pipeline.ts";
import type { RawRows } from "./results.ts";
import { scan } from "./scan.ts";

/** Which can be declared as cursors; of others all rows come at once. */
const CURSORS = /^(SELECT|VALUES|TABLE|WITH)$/;
const WRITES = /\b(INSERT|UPDATE|DELETE|MERGE)\b/i;

/** @param at - its place in the answer. */
export function toSends(part: Part, at: number): Send[] {
  if (part.kind === "close") return [{ bound: bare(`CLOSE "${part.portal}"`) }];
  if (part.kind === "fetch") return [{ bound: fetchOf(part), at }];
  const { portal, bound } = part;
  if (!portal || !isCursor(bound.text)) return [{ bound, at }];
  const declared = { ...bound, text: declarationOf(portal) + bound.text };
  return [
    { bound: declared, at },
    { bound: fetchOf({ portal, limit: part.limit ?? 0 }), at },
  ];
}

/** Whether there may be more than these rows. */
export function hasMore(part: Part, { rows }: RawRows): boolean {
  if (part.kind === "close" || !part.limit) return false;
  return (part.kind === "fetch" || isCursor(part.bound.text)) && rows.length === part.limit;
}

/** How many characters stand in front of the part's own text where it is sent. */
export function shiftOf(part: Part): number {
  if (part.kind !== "run" || !part.portal || !isCursor(part.bound.text)) return 0;
  return declarationOf(part.portal).length;
}

function isCursor(text: string): boolean {
  const { verb } = scan(text);
  return CURSORS.test(verb) && !(verb === "WITH" && WRITES.test(text)) && !/\bINTO\b/i.test(text);
}

function declarationOf(portal: string): string {
  return `DECLARE "${portal}" NO SCROLL CURSOR FOR `;
}

function fetchOf({ portal, limit }: { readonly portal: string; readonly limit: number }): Send["bound"] {
  return bare(`FETCH ${limit > 0 ? limit : "ALL"} FROM "${portal}"`);
}
