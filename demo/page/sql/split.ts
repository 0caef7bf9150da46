// One text, several statements: where each begins and ends.

import { tokenize } from "./tokens.ts";

export interface SqlPiece {
  /** One statement, without its semicolon. */
  readonly text: string;
  /** Where it begins in the whole text, from 0. */
  readonly start: number;
}

/** Splits at semicolons as SQLite's shell does: those inside a trigger's body stay, until `; end ;`. */
export function splitStatements(sql: string): SqlPiece[] {
  const pieces: SqlPiece[] = [];
  let words: string[] = [];
  let start = -1;
  let end = 0;
  const finish = (): void => {
    if (start >= 0) pieces.push({ text: sql.slice(start, end), start });
    words = [];
    start = -1;
  };
  for (const token of tokenize(sql)) {
    const word = token.text.toLowerCase();
    if (word === ";" && (!isTrigger(words) || words.slice(-2).join("") === ";end")) {
      finish();
      continue;
    }
    if (start < 0) start = token.start;
    end = token.end;
    words.push(word);
  }
  finish();
  return pieces;
}

function isTrigger(words: readonly string[]): boolean {
  return /^(explain (query plan )?)?create (temp |temporary )?trigger\b/.test(words.slice(0, 6).join(" "));
}
