// The tables that a statement names, for the completion of their columns.

import { statements } from "./split.ts";
import { tokens, unquote } from "./tokens.ts";

/** @param at - a place in the statement. @returns names as they are compared: in small letters. */
export function namedTables(sql: string, at: number): string[] {
  let own = "";
  for (const { text, start } of statements(sql)) if (start <= at) own = text;
  const found = new Set<string>();
  let before = "";
  for (const token of tokens(own)) {
    const word = unquote(token).toLowerCase();
    if (["from", "join", "into", "update", ","].includes(before) && token.kind !== "mark") found.add(word);
    before = word;
  }
  return [...found];
}
