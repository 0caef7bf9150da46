// One text, several statements: where each begins and ends.

import { tokens } from "./tokens.ts";

export interface SqlPiece {
  /** One statement, without its semicolon. */
  readonly text: string;
  /** Where it begins in the whole text, from 0. */
  readonly start: number;
}

/** Splits at semicolons as SQLite's shell does: those inside a trigger's body stay, until `; end ;`. */
export function splitStatements(sql: string): SqlPiece[] {
  return [...statements(sql)];
}

const KEPT_WORDS = 6;

/** One statement after another, each when it is asked for. */
export function* statements(sql: string): Generator<SqlPiece> {
  let first: string[] = [];
  let last = ["", ""];
  let start = -1;
  let end = 0;
  for (const token of tokens(sql)) {
    const word = token.text.length > 12 ? "" : token.text.toLowerCase();
    if (word === ";" && (!isTrigger(first) || last.join("") === ";end")) {
      if (start >= 0) yield { text: sql.slice(start, end), start };
      [first, last, start] = [[], ["", ""], -1];
      continue;
    }
    if (start < 0) start = token.start;
    end = token.end;
    if (first.length < KEPT_WORDS) first.push(word);
    last = [last[1] as string, word];
  }
  if (start >= 0) yield { text: sql.slice(start, end), start };
}

function isTrigger(first: readonly string[]): boolean {
  return /^(explain (query plan )?)?create (temp |temporary )?trigger\b/.test(first.join(" "));
}
