// What a rule is given: the function it stands in, and the pen.

import type { Edits } from "./edits.ts";
import type { Scan } from "./scan.ts";
import type { FunctionNode, Node } from "./syntax.ts";

/** Methods of a frame. */
export const STEPS = { back: "b", leave: "l", caught: "c", exit: "x", thenable: "t", asked: "c" } as const;
export type Step = keyof typeof STEPS;

/** What the run-time half exports: what makes a frame, and what a frame has from elsewhere. */
export type RuntimeFunction = "enter" | "enterGenerator" | Helper;
export type Helper = "iterable" | "settle" | "settled" | "resource" | "asyncResource";

/** Names that the module does not use, for what is put in. */
export interface Names {
  /** The frame of the function at hand. */
  readonly frame: string;
  /** The run-time half's functions. */
  readonly runtime: Readonly<Record<RuntimeFunction, string>>;
  /** What a loop or a catch gives, until it is taken apart. */
  readonly given: string;
  /** A fresh name at each call. */
  fresh(): string;
}

/** What holds for a whole module. */
export interface Module {
  readonly code: string;
  readonly edits: Edits;
  readonly scan: Scan;
  /** False for a script without `"use strict"`: functions in it may be strict all the same. */
  readonly isStrict: boolean;
  readonly names: Names;
  /** Functions that have a frame only for what they return. */
  readonly entered: Set<Node>;
  /** The run-time half's functions that are called. */
  readonly used: Set<RuntimeFunction>;
  /** The name of one of the run-time half's functions, which is imported then. */
  readonly use: (name: RuntimeFunction) => string;
  /** The beginning of a step that is handed something: `$.l(`, or `$.h(` for a helper. */
  readonly callWith: (name: Step | Helper) => string;
  /** The end of such a step: `)`, or `,()=>$i)` with the helper. */
  readonly endWith: (name: Step | Helper) => string;
  /** A step that is handed nothing: `$.x()`. */
  readonly call: (name: Step) => string;
  /** Makes the frame; of a function whose text is run where there is no run-time half, one that does nothing. */
  readonly enter: (name?: "enter" | "enterGenerator") => string;
  /** @throws SyntaxError that names the file, the line and the column of `node`. */
  refuse(node: Node, why: string): never;
}

/** An async function whose calls are carried. `plain`: it never suspends, and only what it returns is looked after. */
export interface Carried {
  readonly node: FunctionNode;
  readonly kind: "framed" | "plain";
}

/** Where a node stands. */
export interface Site extends Module {
  /** The carried function whose code this is; `undefined` outside of any. */
  readonly owner: Carried | undefined;
  /** Where the statement begins, with its labels. */
  readonly start: number;
  /** True within a destructuring or the head of a loop, where an iterator is open that a rejection would close. */
  readonly isIterating: boolean;
  /** Puts `text` behind what ends at `at`, once the children are done; what is asked for last comes first. */
  readonly close: (at: number, text: string) => void;
}

export type Rule = (node: Node, site: Site) => void;
