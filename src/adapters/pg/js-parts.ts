// What postgres.js gives back, in the shape of `pg`'s.

import type { Part } from "../postgres/pipeline.ts";
import type { RawRows } from "../postgres/results.ts";
import { shiftOf } from "../postgres/sends.ts";
import type { ServerError } from "../postgres/wire.ts";
import type { JsResult } from "./driver.ts";

const decoder = new TextDecoder();

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
export function toServerError(thrown: unknown, part: Part): ServerError | undefined {
  const error = Object(thrown) as ServerError & Record<string, string | undefined>;
  if (!error.severity || error.severity === "FATAL") return undefined;
  const { message, name, code, severity, detail, hint, routine, position } = error;
  return {
    ...{ message, name, code, severity, detail, hint, routine },
    position: position ? Number(position) - shiftOf(part) : undefined,
    schema: error["schema_name"],
    table: error["table_name"],
    column: error["column_name"],
    dataType: error["data type_name"],
    constraint: error["constraint_name"],
  };
}
