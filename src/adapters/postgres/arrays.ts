// Lists as PostgreSQL writes them: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO

import type { SqlValue } from "../../contract/statement.ts";

/** Writes a list; `undefined` when one of its items cannot be bound. */
export function writeArray(
  list: readonly unknown[],
  encode: (item: unknown) => string | null | undefined,
): string | undefined {
  const items = list.map((item) => {
    const text = Array.isArray(item) ? writeArray(item, encode) : encode(item);
    if (typeof item === "string" || typeof item === "object")
      return Array.isArray(item) || text === undefined ? text : text === null ? "NULL" : quote(text);
    return text;
  });
  return items.includes(undefined) ? undefined : `{${items.join(",")}}`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/** Reads a list, of any depth. */
export function readArray(text: string, parse: (item: string) => SqlValue): SqlValue[] {
  // Bounds that do not begin at 1 come first: `[0:1]={a,b}`.
  const item = /"((?:[^"\\]|\\[^])*)"|[^{},]+|[{}]/y;
  item.lastIndex = text.indexOf("{");
  const stack: SqlValue[][] = [[]];
  for (let match: RegExpExecArray | null; (match = item.exec(text));) {
    const [token, quoted] = match;
    if (token === "{") stack.push([]);
    else if (token === "}") {
      const list = stack.pop()!;
      stack.at(-1)!.push(list);
    } else if (quoted !== undefined) stack.at(-1)!.push(parse(quoted.replace(/\\([^])/g, "$1")));
    else stack.at(-1)!.push(token === "NULL" ? null : parse(token));
    if (text[item.lastIndex] === ",") item.lastIndex++;
  }
  return stack[0]![0] as SqlValue[];
}
