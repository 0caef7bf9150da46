// Where in a statement its error lies: told by the database, or found by the word that the message names.

import { type Token, tokenize, unquote } from "../sql/tokens.ts";

export interface Range {
  readonly from: number;
  readonly to: number;
}

// A name that is missing or not unique; a table's is told with its schema at times.
const NAMES =
  /(?:no such (?:table|column|function|index|view|trigger|collation sequence)|ambiguous column name|has no column named|table|view|index|wrong number of arguments to function):? "?([\w.$\u0080-\uffff]+)/;

/** @returns the range of the word that is at fault; of the whole statement when none can be told. */
export function locate(sql: string, message: string, position?: number): Range {
  const tokens = tokenize(sql);
  const whole = { from: tokens[0]?.start ?? 0, to: tokens.at(-1)?.end ?? sql.length };
  if (/incomplete input/.test(message)) {
    const last = tokens.at(-1);
    return last ? { from: last.start, to: last.end } : whole;
  }
  if (position !== undefined && position < sql.length) {
    const at = tokens.find(({ start, end }) => position >= start && position < end);
    return at ? { from: at.start, to: at.end } : { from: position, to: position + 1 };
  }
  const name = NAMES.exec(message)?.[1];
  return (name === undefined ? undefined : findName(tokens, name)) ?? whole;
}

/** A name of several parts, `t.id`, is several words. */
function findName(tokens: readonly Token[], name: string): Range | undefined {
  const parts = name.toLowerCase().split(".");
  const wanted = parts.flatMap((part, at) => (at === 0 ? [part] : [".", part]));
  for (let at = 0; at + wanted.length <= tokens.length; at++) {
    const run = tokens.slice(at, at + wanted.length);
    if (run.every((token, index) => token.kind !== "text" && unquote(token).toLowerCase() === wanted[index])) {
      return { from: (run[0] as Token).start, to: (run.at(-1) as Token).end };
    }
  }
  // The message may name the schema where the statement does not: `main.complaints`.
  return parts.length > 1 ? findName(tokens, parts.slice(1).join(".")) : undefined;
}
