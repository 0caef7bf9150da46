// What is put into a text, taken out and moved, kept apart from the text until all is known.

import { firstIndex } from "./first-index.ts";

/** A piece of the result: of the original, or new. */
export type Piece =
  | { readonly kind: "kept"; readonly start: number; readonly end: number }
  | {
      readonly kind: "new";
      readonly text: string;
      /** The place of the original that it stands for; `undefined`: that of the piece before it. */
      readonly at: number | undefined;
    };

interface Edit {
  readonly at: number;
  /** At one place, what closes comes before what opens: `close` belongs to what ends there, `open` to what begins. */
  readonly kind: "close" | "open" | "replace" | "move";
  readonly order: number;
  readonly text: string;
  /** Of `replace`, where the text goes on; of `move`, the range that is put here. */
  readonly range: readonly [start: number, end: number] | undefined;
}

/**
 * A list of edits. Nesting comes out right when openers are given on the way down a tree, and closers on the way up.
 */
export class Edits {
  readonly #edits: Edit[] = [];

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  /** Puts `text` before what begins at `at`. */
  open(at: number, text: string): void {
    this.#add("open", at, text);
  }

  /** Puts `text` behind what ends at `at`. */
  close(at: number, text: string): void {
    this.#add("close", at, text);
  }

  /** Puts `text` in the place of a range, at whose end nothing of the outside ends; edits inside of it are dropped. */
  replace(start: number, end: number, text: string): void {
    this.#add("replace", start, text, [start, end]);
  }

  /** Puts a range, with the edits inside of it, before what begins at `at`, between two texts; a third takes its place. */
  move(start: number, end: number, at: number, [before, behind, instead]: readonly [string, string, string]): void {
    this.open(at, before);
    this.#add("move", at, "", [start, end]);
    this.open(at, behind);
    this.replace(start, end, instead);
  }

  /** The result, piece by piece. */
  apply(length: number): Piece[] {
    const side = ({ kind }: Edit): number => (kind === "close" ? 0 : 1);
    const sorted = this.#edits.toSorted((a, b) => a.at - b.at || side(a) - side(b) || a.order - b.order);
    const pieces: Piece[] = [];
    emit(sorted, 0, 0, length, pieces, true);
    return pieces;
  }

  #add(kind: Edit["kind"], at: number, text: string, range?: Edit["range"]): void {
    this.#edits.push({ kind, at, text, range, order: this.#edits.length });
  }
}

/** Emits `from` to `to`, with the edits from `first` on; those that open at `to` belong to what comes behind. */
function emit(edits: readonly Edit[], first: number, from: number, to: number, out: Piece[], isLast = false): void {
  let at = from;
  for (let i = first; i < edits.length; i++) {
    const edit = edits[i] as Edit;
    if (edit.at > to || (edit.at === to && edit.kind !== "close" && !isLast)) break;
    if (edit.at > at) out.push({ kind: "kept", start: at, end: edit.at });
    at = edit.at;
    if (edit.kind === "move") emitMoved(edits, edit, out);
    else if (edit.text !== "") out.push({ kind: "new", text: edit.text, at: edit.kind === "close" ? undefined : at });
    if (edit.kind !== "replace") continue;
    const end = edit.range?.[1] as number;
    while (i + 1 < edits.length && isWithin(edits[i + 1] as Edit, end)) i++;
    at = end;
  }
  if (to > at) out.push({ kind: "kept", start: at, end: to });
}

function isWithin({ at, kind }: Edit, end: number): boolean {
  return at < end || (at === end && kind === "close");
}

function emitMoved(edits: readonly Edit[], { range }: Edit, out: Piece[]): void {
  const [start, end] = range as readonly [number, number];
  let gap = firstIndex(edits.length, (i) => (edits[i] as Edit).at >= start);
  while (edits[gap]?.kind !== "replace" || edits[gap]?.range?.[1] !== end) gap++;
  emit(edits, gap + 1, start, end, out);
}
