// The placeholders of a text, and the values that a person gives for them.

import type { SqlValue } from "../../../src/index.ts";
import { tokens } from "./tokens.ts";

/** Of one statement: its names with their sign, as `:id`; and how many `?` it has. */
export interface Placeholders {
  readonly names: readonly string[];
  readonly positions: number;
}

export function placeholdersOf(sql: string): Placeholders {
  const names = new Set<string>();
  let positions = 0;
  let sign: { text: string; end: number } | undefined;
  for (const token of tokens(sql)) {
    if (sign && sign.end === token.start && token.kind === "word") names.add(sign.text + token.text);
    const isNumbered = sign?.text === "?" && sign.end === token.start && token.kind === "number";
    if (isNumbered) positions = Math.max(positions, Number(token.text));
    else if (sign?.text === "?") positions++;
    sign = token.kind === "mark" && "?:@$#".includes(token.text) ? token : undefined;
  }
  if (sign?.text === "?") positions++;
  return { names: [...names], positions };
}

export type GivenType = "auto" | "text" | "number" | "null" | "blob";

export interface Given {
  readonly text: string;
  readonly type: GivenType;
}

/** @throws Error in words. */
export function valueOf({ text, type }: Given): SqlValue {
  if (type === "null") return null;
  if (type === "text") return text;
  if (type === "blob") return bytesOf(text);
  const isNumber = /^\s*-?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(text);
  if (!isNumber && type === "number") throw new Error(`“${text.slice(0, 40)}” is no number.`);
  if (!isNumber) return text;
  const number = Number(text);
  return /^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text.trim()) : number;
}

function bytesOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, "");
  if (digits.length % 2 === 1 || /[^0-9a-f]/i.test(digits))
    throw new Error("A blob is written as pairs of hexadecimal digits: 00ff1a.");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** What a statement is given of the values for a whole text: named ones by name, others in their order. */
export class Values {
  readonly #byKey: ReadonlyMap<string, Given>;
  #statement = 0;

  /** @param byKey - by `:id`, or by `1?2` for the second `?` of the first statement that has any. */
  constructor(byKey: ReadonlyMap<string, Given>) {
    this.#byKey = byKey;
  }

  /** @throws Error in words. */
  next(sql: string): SqlValue[] | Record<string, SqlValue> {
    const { names, positions } = placeholdersOf(sql);
    if (names.length > 0 && positions > 0)
      throw new Error("This statement has placeholders with names and without: use one kind.");
    if (names.length > 0) return Object.fromEntries(names.map((name) => [name.slice(1), this.#value(name)]));
    if (positions > 0) this.#statement++;
    return Array.from({ length: positions }, (_, at) => this.#value(keyOf(this.#statement, at + 1)));
  }

  #value(key: string): SqlValue {
    return valueOf(this.#byKey.get(key) ?? { text: "", type: "null" });
  }
}

function keyOf(statement: number, position: number): string {
  return `${statement}?${position}`;
}

/** The keys of a whole text, in their order. */
export function keysOf(pieces: Iterable<{ readonly text: string }>): string[] {
  const keys = new Set<string>();
  let statement = 0;
  for (const { text } of pieces) {
    const { names, positions } = placeholdersOf(text);
    for (const name of names) keys.add(name);
    if (positions > 0 && names.length === 0) statement++;
    if (names.length === 0) for (let at = 1; at <= positions; at++) keys.add(keyOf(statement, at));
  }
  return [...keys];
}
