// What sqld's own parser says: SQLite refuses the same texts, in other words and with fewer places.

import type { Engine } from "./stream.ts";
import { tokensOf } from "./tokens.ts";

/** Names of its tokens that are no words. */
const NAMES: Readonly<Record<string, string>> = {
  ",": "COMMA",
  "(": "LP",
  ")": "RP",
  ".": "DOT",
  "*": "STAR",
  "+": "PLUS",
  "-": "MINUS",
  "/": "SLASH",
  "%": "REM",
  "=": "EQ",
  "<": "LT",
  "<=": "LE",
  ">": "GT",
  ">=": "GE",
};

/** Words that are no names; the others are told as they stand. */
const KEYWORDS: ReadonlySet<string> = new Set(
  "ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT CREATE CROSS DEFAULT DEFERRABLE DELETE DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM FULL GROUP HAVING IN INDEX INNER INSERT INTERSECT INTO IS ISNULL JOIN LEFT LIMIT NATURAL NOT NOTHING NOTNULL NULL ON OR ORDER OUTER PRIMARY REFERENCES RETURNING RIGHT SELECT SET TABLE THEN TO TRANSACTION UNION UNIQUE UPDATE USING VALUES WHEN WHERE".split(
    " ",
  ),
);

/** SQLite's refusal of a text, in sqld's words. */
export function toParseFailure(message: string, sql: string, engine: Engine): string {
  const unreadable = /^unrecognized token: "([^]*)"$/.exec(message)?.[1];
  if (unreadable !== undefined) {
    const what = /^["'`]/.test(unreadable)
      ? "non-terminated literal"
      : unreadable.startsWith("[")
        ? "non-terminated bracket"
        : /^[@$#:]/.test(unreadable)
          ? "bad variable name"
          : "unrecognized token";
    return `${what} at ${place(sql, Math.max(0, sql.indexOf(unreadable)))}`;
  }
  if (message.startsWith("incomplete input")) return `unexpected end of input at ${place(sql, sql.length)}`;
  const [, unexpected = ""] = /^near "([^]*)": syntax error$/.exec(message) ?? [];
  const token =
    unexpected !== "" && [...tokensOf(sql)].find(({ end }) => refusalOf(engine, sql.slice(0, end)) === message);
  if (!token) return message;
  const name = NAMES[unexpected] ?? (KEYWORDS.has(unexpected.toUpperCase()) ? unexpected.toUpperCase() : undefined);
  if (name !== undefined) return `near ${name}, "None": syntax error at ${place(sql, token.end)}`;
  return `syntax error around L${place(sql, token.end)
    .replace(/[()\s]/g, "")
    .replace(",", ":")}: \`${unexpected}\``;
}

/** Lines and bytes are counted from 1. */
function place(sql: string, at: number): string {
  const lines = sql.slice(0, at).split("\n");
  return `(${lines.length}, ${Buffer.byteLength(lines.at(-1)!) + 1})`;
}

function refusalOf(engine: Engine, sql: string): string | undefined {
  try {
    engine.prepare(sql);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
