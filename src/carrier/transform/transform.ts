// The compile-time half of the carrier: every async function of a module keeps its context over its suspensions.

import { blockRule, tryRule } from "./blocks.ts";
import { Edits, type Piece } from "./edits.ts";
import { awaitRule, returnRule, yieldRule } from "./expressions.ts";
import { carriedBy, functionRule } from "./functions.ts";
import { forOfRule, forRule } from "./loops.ts";
import { type Parse, parseModule, parseOutline, RefusedError } from "./parse.ts";
import { importRuntime, isCarriedAlready, isStrict, RUNTIME } from "./runtime-import.ts";
import { isSkippable, scan } from "./scan.ts";
import {
  type Carried,
  type Helper,
  type Module,
  type Names,
  type Rule,
  type RuntimeFunction,
  type Site,
  type Step,
  STEPS,
} from "./site.ts";
import { type SourceMap, sourceMap } from "./source-map.ts";
import { eachChild, isFunction, type Node } from "./syntax.ts";
import { usingRule } from "./using.ts";

/** The word, unless it is plainly the name of something: most modules are not even parsed. */
export const MAY_BE_ASYNC: RegExp = /\basync\b(?!\s*[:,.);=\]}?!&|+-])/;

export interface TransformOptions {
  /** Reads JavaScript: `this.parse` of a Rollup-like plugin, or `parseAst` of Vite. */
  readonly parse: Parse;
  /** Where the run-time half is imported from. Default `"isopool/carrier-runtime"`. */
  readonly runtime?: string | undefined;
  /** False: creates no source map. Default true. */
  readonly sourceMap?: boolean | undefined;
}

export interface TransformResult {
  readonly code: string;
  /** From the result to `code`; `null` if none was requested. */
  readonly map: SourceMap | null;
}

/**
 * Rewrites a module so that its async functions, async generators, `for await` and `await using` keep the context that
 * they were called in, whatever they await. Code that is evaluated from a string at run time is not covered.
 *
 * @param code - JavaScript; compile TypeScript and JSX first. A module or a CommonJS script.
 * @param id - the module's path, for the source map and for errors.
 * @returns `undefined` if there is nothing to transform, or if the module was transformed before.
 * @throws SyntaxError for code that does not parse or cannot be transformed; with `id`, `pos` and `loc` in the latter case.
 * @example
 * const { code, map } = transform(source, "/src/shop.js", { parse: parseAst }) ?? { code: source };
 */
export function transform(code: string, id: string, options: TransformOptions): TransformResult | undefined {
  if (!MAY_BE_ASYNC.test(code)) return undefined;
  const { parse, runtime = RUNTIME, sourceMap: isMapped = true } = options;
  const program = parseOutline(code, parse) ?? parseModule(code, id, parse);
  if (isCarriedAlready(program, code, runtime)) return undefined;
  const module = moduleOf(program, code, id);
  walk(program, module, { owner: undefined, start: 0, isIterating: false });
  if (module.edits.isEmpty) return undefined;
  importRuntime(program, module, runtime);
  const pieces = module.edits.apply(code.length);
  return { code: textOf(pieces, code), map: isMapped ? sourceMap(pieces, code, id) : null };
}

/** A frame whose methods return their argument. */
const NOTHING = "new Proxy(v=>v,{get:f=>f})";

function moduleOf(program: Node, code: string, id: string): Module {
  const [names, used] = [freeNames(code), new Set<RuntimeFunction>()];
  const use = (name: RuntimeFunction): string => {
    used.add(name);
    return names.runtime[name];
  };
  return {
    code,
    edits: new Edits(),
    scan: scan(program, code),
    isStrict: isStrict(program),
    names,
    entered: new Set(),
    used,
    use,
    callWith: (name) => `${names.frame}.${name in STEPS ? STEPS[name as Step] : "h"}(`,
    endWith: (name) => (name in STEPS ? ")" : `,()=>${use(name as Helper)})`),
    call: (name) => `${names.frame}.${STEPS[name]}()`,
    enter: (name = "enter") => `let ${names.frame};try{${names.frame}=${use(name)}()}catch{${names.frame}=${NOTHING}}`,
    refuse: (node, why) => {
      throw new RefusedError(why, id, code, node.start);
    },
  };
}

const RULES: Readonly<Record<string, Rule>> = {
  AwaitExpression: awaitRule,
  BlockStatement: blockRule,
  ForOfStatement: forOfRule,
  ForStatement: forRule,
  ReturnStatement: returnRule,
  TryStatement: tryRule,
  VariableDeclaration: usingRule,
  YieldExpression: yieldRule,
};

interface Place {
  readonly owner: Carried | undefined;
  readonly start: number;
  readonly isIterating: boolean;
}

/** Goes down with what opens, and up with what closes. */
function walk(node: Node, module: Module, place: Place): void {
  const { owner } = place;
  if (isSkippable(node, owner, module.scan.words)) return;
  const inner = isFunction(node) ? carriedBy(node, module.scan) : undefined;
  const rule = inner !== undefined ? undefined : ruleFor(node, owner);
  const closers: [number, string][] = [];
  if (inner !== undefined || rule !== undefined) {
    const site: Site = { ...module, ...place, close: (at, text) => void closers.push([at, text]) };
    if (inner !== undefined) functionRule(node, site, inner);
    else rule?.(node, site);
  }
  eachChild(node, (child, reach, key) => {
    const isIterating = place.isIterating || node.type === "ArrayPattern" || isHead(node, key);
    const start = node.type === "LabeledStatement" ? place.start : child.start;
    if (reach === "same") walk(child, module, { owner, start, isIterating });
    else walk(child, module, { owner: reach === "body" ? inner : undefined, start, isIterating: false });
  });
  for (const [at, text] of closers.toReversed()) module.edits.close(at, text);
}

function ruleFor({ type }: Node, owner: Carried | undefined): Rule | undefined {
  if (owner === undefined || (owner.kind === "plain" && type !== "ReturnStatement")) return undefined;
  return RULES[type];
}

function isHead(node: Node, key: string): boolean {
  return key === "left" && node.type === "ForOfStatement" && node["await"] !== true;
}

function freeNames(code: string): Names {
  let frame = "$cx";
  while (code.includes(frame)) frame += "$";
  let count = 0;
  const fresh = (): string => `${frame}${count++}`;
  const runtime = {
    enter: `${frame}e`,
    enterGenerator: `${frame}g`,
    iterable: `${frame}i`,
    settle: `${frame}p`,
    settled: `${frame}q`,
    resource: `${frame}d`,
    asyncResource: `${frame}u`,
  };
  return { frame, given: `${frame}v`, runtime, fresh };
}

function textOf(pieces: readonly Piece[], code: string): string {
  return pieces.map((piece) => (piece.kind === "new" ? piece.text : code.slice(piece.start, piece.end))).join("");
}
