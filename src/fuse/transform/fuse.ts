// The compiler that fuses flights: statements that are awaited for nothing but their end leave with the next real wait.

import { Edits } from "../../carrier/transform/edits.ts";
import { type Parse, parseModule } from "../../carrier/transform/parse.ts";
import { type SourceMap, sourceMap } from "../../carrier/transform/source-map.ts";
import {
  childOf,
  childrenOf,
  directivesOf,
  eachChild,
  type FunctionNode,
  hasModuleSyntax,
  isFunction,
  type Node,
} from "../../carrier/transform/syntax.ts";
import { Body } from "./body.ts";
import { type Functions, functionsOf, type Helper } from "./functions.ts";
import { isQuietParam, nameOf } from "./pure.ts";
import { askedBy, asks } from "./query.ts";
import { Writer } from "./writer.ts";

/** Where the run-time half is imported from. */
export const FUSE_RUNTIME = "isopool/fuse-runtime";

/** Most modules have no query that is awaited in them. */
export const MAY_BE_FUSED: RegExp = /\.sql(?:`|\s*<)/;

export interface FuseOptions {
  /** Reads JavaScript: `this.parse` of a Rollup-like plugin, or `parseAst` of Vite. */
  readonly parse: Parse;
  /** Where the run-time half is imported from. Default `"isopool/fuse-runtime"`. */
  readonly runtime?: string | undefined;
  /** False: creates no source map. Default true. */
  readonly sourceMap?: boolean | undefined;
}

export interface FuseResult {
  readonly code: string;
  readonly map: SourceMap | null;
}

/**
 * Rewrites an ES module so that statements which need nothing of each other's results share round trips.
 *
 * @param code - JavaScript; compile TypeScript and JSX first.
 * @param id - the module's path, for the source map and for errors.
 * @returns `undefined` if there is nothing to fuse, or if the module was fused before.
 * @throws SyntaxError for code that does not parse.
 */
export function fuse(code: string, id: string, options: FuseOptions): FuseResult | undefined {
  const { parse, runtime = FUSE_RUNTIME, sourceMap: isMapped = true } = options;
  if (!MAY_BE_FUSED.test(code) || code.includes(JSON.stringify(runtime))) return undefined;
  const program = parseModule(code, id, parse);
  // A script has no import, and may be sloppy.
  if (!hasModuleSyntax(program)) return undefined;
  let name = "$fz";
  while (code.includes(name)) name += "$";
  const functions = functionsOf(program, code, (node) => isFusable(node, code) && hasQuietParams(node));
  const pen: Pen = { code, edits: new Edits(), name, fused: new Set(), ...functions };
  const { edits } = pen;
  look(program, undefined, pen);
  if (edits.isEmpty) return undefined;
  const known = knowing(pen, functions.hoisted);
  const directive = directivesOf(program).at(-1);
  const statement = `import*as ${name} from${JSON.stringify(runtime)};${known}`;
  edits.open(
    directive?.end ?? /^#!.*(?:\r\n|\s)?/.exec(code)?.[0].length ?? 0,
    directive ? `;${statement}` : statement,
  );
  const pieces = edits.apply(code.length);
  const text = pieces.map((piece) => (piece.kind === "new" ? piece.text : code.slice(piece.start, piece.end))).join("");
  return { code: text, map: isMapped ? sourceMap(pieces, code, id) : null };
}

export interface Pen extends Functions {
  readonly code: string;
  readonly edits: Edits;
  /** Of the run-time half; with a letter behind it, of what belongs to a call. */
  readonly name: string;
  readonly fused: Set<Node>;
}

/** Makes functions known that were fused: the first line of each takes the frame that it is handed. */
function knowing({ name, fused }: Pen, helpers: readonly Helper[]): string {
  const names = helpers.filter(({ node }) => fused.has(node)).map((each) => each.name);
  return names.length > 0 ? `${name}.know(${names.join()});` : "";
}

function look(node: Node, parent: Node | undefined, pen: Pen): void {
  const isFused = isFunction(node) && fuseFunction(node, parent, pen);
  eachChild(node, (child) => look(child, node, pen));
  if (isFused) {
    isFused();
    pen.fused.add(node);
  }
  const known = knowing(pen, pen.declared.get(node) ?? []);
  if (known) pen.edits.close(node.end, `;${known}`);
}

/** `this`, `arguments` and texts that are evaluated see the body as it was; a block has its functions for itself. */
function isFusable(node: FunctionNode, code: string): boolean {
  const { async, generator, body } = node;
  if (!async || generator || isReflective(node, code)) return false;
  return body.type !== "BlockStatement" || !childrenOf(body, "body").some(isSpecial);
}

function isReflective({ start, end }: FunctionNode, code: string): boolean {
  return /\b(?:arguments|eval)\b/.test(code.slice(start, end));
}

function isSpecial(statement: Node): boolean {
  return statement.type === "FunctionDeclaration" || typeof statement["directive"] === "string";
}

/** Defaults and patterns run ahead of the first line. */
function hasQuietParams({ params }: FunctionNode): boolean {
  return params.every(isQuietParam);
}

/** @returns what closes the function, once all in it is done; `undefined`: it is left alone. */
function fuseFunction(node: FunctionNode, parent: Node | undefined, pen: Pen): (() => void) | undefined {
  const { body, start, end } = node;
  const isWork = isWorkOf(node, parent);
  const writer = new Writer(pen, pen.helpers.has(node));
  const close = body.type === "BlockStatement" ? fuseBlock(node, writer, isWork) : fuseExpression(node, writer, isWork);
  if (!close || !isWork) return close;
  pen.edits.open(start, `${pen.name}.work(`);
  return () => {
    close();
    pen.edits.close(end, ")");
  };
}

function fuseBlock(node: FunctionNode, writer: Writer, isWork: boolean): (() => void) | undefined {
  const { edits, code, callable, helpers } = writer.pen;
  const names = isWork || helpers.has(node) || asks(node.body, code, NONE) ? callable : NONE;
  if (!isFusable(node, code) || !asks(node.body, code, names)) return undefined;
  edits.open(node.body.start + 1, `${writer.entry(isWork)}try{`);
  new Body(node, writer, isWork).statements();
  return () => edits.close(node.body.end - 1, writer.exit);
}

const NONE: ReadonlySet<string> = new Set();

/** `(tx) => tx.sql`…``, `(tx) => save(tx)`. */
function fuseExpression(node: FunctionNode, writer: Writer, isWork: boolean): (() => void) | undefined {
  const { edits, code } = writer.pen;
  const { body, async } = node;
  const isBare = /=>\s*$/.test(code.slice(node.start, body.start));
  if ((!isWork && !writer.handed) || !isBare || isReflective(node, code)) return undefined;
  const asked = askedBy(body, code);
  const called = writer.called(body.type === "AwaitExpression" ? childOf(body, "argument") : body);
  const entry = `{${writer.entry(isWork)}return `;
  if (asked && async && !asked.isInside) {
    edits.open(body.start, entry);
    writer.returned(body, asked, isWork);
    return () => edits.close(body.end, "}");
  }
  if (!called) return undefined;
  edits.open(body.start, entry);
  const hand = (): void => writer.hand(called, false);
  if (writer.handed) {
    writer.result(body, body === called.call ? "await " : "", hand);
    return () => edits.close(body.end, "}");
  }
  const text = `${writer.pen.name}.delegate(${writer.frame},`;
  if (body === called.call) edits.open(body.start, text);
  else edits.replace(body.start, called.call.start, text);
  hand();
  return () => edits.close(body.end, ")}");
}

/** `db.transaction(async (tx) => …)`: written where it is handed over. */
function isWorkOf(node: FunctionNode, parent: Node | undefined): boolean {
  if (node.type === "FunctionDeclaration" || parent?.type !== "CallExpression") return false;
  const callee = childOf(parent, "callee")!;
  const method =
    callee.type === "MemberExpression" && callee["computed"] !== true ? childOf(callee, "property") : undefined;
  const isFirst = childrenOf(parent, "arguments")[0] === node;
  return isFirst && /^(?:session|transaction)$/.test(nameOf(method)) && hasQuietParams(node);
}
