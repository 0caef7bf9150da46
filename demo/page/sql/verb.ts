// What a statement is, as far as the page has to know: one that steers a transaction, one that only reads, or another.

import { tokens, unquote } from "./tokens.ts";

export type Control =
  | { readonly kind: "begin"; readonly behavior: "deferred" | "immediate" | "exclusive" | undefined }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" }
  | { readonly kind: "savepoint"; readonly name: string }
  | { readonly kind: "release"; readonly name: string }
  | { readonly kind: "rollback-to"; readonly name: string };

/** Whether a text may have such statements at all: most have none, and are not looked at twice. */
export function mayControl(sql: string): boolean {
  return /\b(begin|commit|end|rollback|savepoint|release)\b/i.test(sql);
}

/** `undefined`: it is a statement like any other. */
export function controlOf(sql: string): Control | undefined {
  const words: string[] = [];
  for (const token of tokens(sql)) {
    words.push(unquote(token));
    if (words.length === 5) break;
  }
  const [first = "", second, third, fourth] = words.map((word) => word.toLowerCase());
  if (first === "begin") return { kind: "begin", behavior: behaviorOf(second) };
  if (first === "commit" || first === "end") return { kind: "commit" };
  if (first === "savepoint") return { kind: "savepoint", name: words[1] ?? "" };
  if (first === "release") return { kind: "release", name: (second === "savepoint" ? words[2] : words[1]) ?? "" };
  if (first !== "rollback") return undefined;
  const to = words.slice(second === "transaction" ? 2 : 1);
  if (to[0]?.toLowerCase() !== "to") return { kind: "rollback" };
  const isNamed = (second === "transaction" ? fourth : third) === "savepoint";
  return { kind: "rollback-to", name: to[isNamed ? 2 : 1] ?? "" };
}

function behaviorOf(word: string | undefined): "deferred" | "immediate" | "exclusive" | undefined {
  return word === "deferred" || word === "immediate" || word === "exclusive" ? word : undefined;
}

/** Whether its rows can be read one after another: it changes nothing. */
export function isRead(sql: string): boolean {
  let first = "";
  for (const { kind, text } of tokens(sql)) {
    const word = kind === "word" ? text.toLowerCase() : "";
    first ||= word || text;
    if (first === "select" || first === "values") return true;
    if (first !== "with") return false;
    if (["insert", "update", "delete", "replace"].includes(word)) return false;
  }
  return first === "with";
}
