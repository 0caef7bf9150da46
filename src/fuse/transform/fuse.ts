// The compiler that fuses flights: statements that are awaited for nothing but their end leave with the next real wait.

import { Edits } from "../../carrier/transform/edits.ts";
import { type Parse, parseModule } from "../../carrier/transform/parse.ts";
import { hasModuleSyntax } from "../../carrier/transform/runtime-import.ts";
import { type SourceMap, sourceMap } from "../../carrier/transform/source-map.ts";
import {
  childOf,
  childrenOf,
  directivesOf,
  eachChild,
  type FunctionNode,
  isFunction,
  type Node,
} from "../../carrier/transform/syntax.ts";
import { Body } from "./body.ts";
import { nameOf } from "./pure.ts";
import { askedBy, hasQuery } from "./query.ts";

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
  const edits = new Edits();
  look(program, undefined, { code, edits, name });
  if (edits.isEmpty) return undefined;
  const directive = directivesOf(program).at(-1);
  const statement = `import*as ${name} from${JSON.stringify(runtime)};`;
  edits.open(
    directive?.end ?? /^#!.*(?:\r\n|\s)?/.exec(code)?.[0].length ?? 0,
    directive ? `;${statement}` : statement,
  );
  const pieces = edits.apply(code.length);
  const text = pieces.map((piece) => (piece.kind === "new" ? piece.text : code.slice(piece.start, piece.end))).join("");
  return { code: text, map: isMapped ? sourceMap(pieces, code, id) : null };
}

export interface Pen {
  readonly code: string;
  readonly edits: Edits;
  /** Of the run-time half; with `f` behind it, of the frame. */
  readonly name: string;
}

function look(node: Node, parent: Node | undefined, pen: Pen): void {
  const isFused = isFunction(node) && isFusable(node, pen) && fuseFunction(node, parent, pen);
  eachChild(node, (child) => look(child, node, pen));
  if (isFused) isFused();
}

/** `this`, `arguments` and texts that are evaluated see the body as it was; a block has its functions for itself. */
function isFusable({ async, generator, body, start, end }: FunctionNode, { code }: Pen): boolean {
  if (!async || generator || /\b(?:arguments|eval)\b/.test(code.slice(start, end))) return false;
  const statements = childrenOf(body, "body");
  return body.type !== "BlockStatement" || !statements.some(isSpecial);
}

function isSpecial(statement: Node): boolean {
  return statement.type === "FunctionDeclaration" || typeof statement["directive"] === "string";
}

/** @returns what closes the function, once all in it is done. */
function fuseFunction(node: FunctionNode, parent: Node | undefined, pen: Pen): (() => void) | undefined {
  const { code, edits, name } = pen;
  const isWork = isWorkOf(node, parent);
  const frame = `${name}f`;
  const entry = `const ${frame}=${name}.${isWork ? "enterWork" : "enter"}();`;
  const mark = (): void => {
    if (isWork) edits.open(node.start, `${name}.work(`);
  };
  const unmark = (): void => {
    if (isWork) edits.close(node.end, ")");
  };
  const { body } = node;
  if (body.type !== "BlockStatement") {
    const asked = askedBy(body, code);
    const before = /=>\s*$/.exec(code.slice(node.start, body.start));
    if (!isWork || !asked || !before || asked.isInside) return undefined;
    const { query, how } = asked;
    mark();
    edits.open(body.start, `{${entry}return ${name}.last(${frame},`);
    if (query.start > body.start) edits.replace(body.start, query.start, "");
    return () => {
      // Of `.first()`, the last parenthesis stays.
      if (how) edits.replace(query.end, body.end - 1, `,"${how}"`);
      edits.close(body.end, how ? "}" : ")}");
      unmark();
    };
  }
  if (!hasQuery(body, code)) return undefined;
  mark();
  edits.open(body.start + 1, `${entry}try{`);
  new Body(node, pen, frame, isWork).statements();
  return () => {
    const thrown = `}catch(${frame}e){if(${frame}.p)await ${name}.thrown(${frame});throw ${frame}e}`;
    edits.close(body.end - 1, `;if(${frame}.p)return ${name}.end(${frame});${thrown}`);
    unmark();
  };
}

/** `db.transaction(async (tx) => …)`: written where it is handed over. */
function isWorkOf(node: FunctionNode, parent: Node | undefined): boolean {
  if (node.type === "FunctionDeclaration" || parent?.type !== "CallExpression") return false;
  const callee = childOf(parent, "callee")!;
  const method =
    callee.type === "MemberExpression" && callee["computed"] !== true ? childOf(callee, "property") : undefined;
  const isFirst = childrenOf(parent, "arguments")[0] === node;
  // Defaults and patterns run ahead of the first line.
  return (
    isFirst &&
    /^(?:session|transaction)$/.test(nameOf(method)) &&
    node.params.every(({ type }) => type === "Identifier")
  );
}
