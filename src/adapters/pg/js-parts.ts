// What of a part postgres.js can be asked for. It has no portals with names: a stream reads from a cursor.

import { bare } from "../postgres/control.ts";
import type { Part } from "../postgres/pipeline.ts";
import type { RawRows } from "../postgres/results.ts";
import { scan } from "../postgres/scan.ts";
import type { ServerError } from "../postgres/wire.ts";
import type { JsResult } from "./driver.ts";
import type { Send } from "./js-units.ts";

/** Which can be declared as cursors; of others all rows come at once. */
const CURSORS = /^(SELECT|VALUES|TABLE|WITH)$/;
const WRITES = /\b(INSERT|UPDATE|DELETE|MERGE)\b/i;

const decoder = new TextDecoder();

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

/** In the shape of `pg`'s. */
export function toRows(result: JsResult): RawRows {
  const { columns, command, count } = result;
  return {
    fields: (columns ?? []).map(({ name, type }) => ({ name, dataTypeID: type })),
    rows: Array.from(result, (row) => row.map((cell) => cell && decoder.decode(cell))),
    command: (command ?? "").split(" ", 1)[0]!,
    count: count ?? 0,
  };
}

/** The fields of an ErrorResponse, as `pg` names them; `undefined` where it was not the server that spoke. */
export function toServerError(thrown: unknown, { kind, ...part }: Part): ServerError | undefined {
  const error = Object(thrown) as ServerError & Record<string, string | undefined>;
  if (!error.severity || error.severity === "FATAL") return undefined;
  const { message, name, code, severity, detail, hint, routine, position } = error;
  const { portal = "", bound } = part as Partial<Extract<Part, { kind: "run" }>>;
  const shift = kind === "run" && portal && bound && isCursor(bound.text) ? declarationOf(portal).length : 0;
  return {
    ...{ message, name, code, severity, detail, hint, routine },
    position: position ? Number(position) - shift : undefined,
    schema: error["schema_name"],
    table: error["table_name"],
    column: error["column_name"],
    dataType: error["data type_name"],
    constraint: error["constraint_name"],
  };
}
