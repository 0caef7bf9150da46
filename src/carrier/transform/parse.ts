// From text to tree, with a parser that is passed in.

import { outlineOf } from "./outline.ts";
import { hasModuleSyntax, type Node } from "./syntax.ts";

export interface ParseOptions {
  readonly lang: "js" | "jsx" | "ts" | "tsx";
  readonly sourceType: "module" | "commonjs";
  /** What Rollup and acorn call the one liberty of CommonJS that they can take. */
  readonly allowReturnOutsideFunction?: boolean;
}

/**
 * Returns the ESTree program of a text, with `start` and `end` on every node, or throws: `this.parse` of a Rollup-like
 * plugin, `parseAst` of Vite or Rolldown, or `(code) => acorn.parse(code, { ecmaVersion: "latest", … })`.
 */
export type Parse = (code: string, options: ParseOptions) => unknown;

/** What TypeScript has in the place of JavaScript, by the name of the file. */
function typesOf(id: string): ParseOptions["lang"] | undefined {
  return /\.[cm]?(?<lang>tsx?)(?:\?|$)/.exec(id)?.groups?.["lang"] as "ts" | "tsx" | undefined;
}

/** A module first; then a script of the CommonJS kind, which may return and be sloppy; then what is compiled later. */
function attemptsAt(id: string): ParseOptions[] {
  return [
    { lang: "js", sourceType: "module" },
    { lang: "js", sourceType: "commonjs", allowReturnOutsideFunction: true },
    { lang: typesOf(id) ?? "jsx", sourceType: "module" },
  ];
}

/** @throws SyntaxError if no attempt parses the text: with the module's name, and the parser's own error as cause. */
export function parseModule(code: string, id: string, parse: Parse): Node {
  let cause: unknown;
  for (const options of attemptsAt(id)) {
    try {
      return parse(code, options) as Node;
    } catch (error) {
      // For JavaScript the first attempt gives the best message; for TypeScript it complains about types.
      cause = typesOf(id) === undefined ? (cause ?? error) : error;
    }
  }
  const { message } = cause as Error;
  throw new SyntaxError(`isopool cannot transform ${id}, which does not parse: ${message}`, { cause });
}

/**
 * A module's tree, in which blocks are empty that have nothing to do with any async function. Not of a script: whether it is CommonJS
 * may be seen in any of its blocks.
 */
export function parseOutline(code: string, parse: Parse): Node | undefined {
  const outline = /\b(?:import|export)\b/.test(code) ? outlineOf(code) : undefined;
  if (outline === undefined) return undefined;
  try {
    const program = parse(outline, { lang: "js", sourceType: "module" }) as Node;
    return hasModuleSyntax(program) ? program : undefined;
  } catch {
    // It may be in another language, or wrong: then all of it is parsed, and complained about.
    return undefined;
  }
}

/** A construct that cannot be transformed, in the form in which bundlers show errors. */
export class RefusedError extends SyntaxError {
  override readonly name = "RefusedError";
  readonly id: string;
  readonly pos: number;
  /** `line` from 1, `column` from 0. */
  readonly loc: { readonly file: string; readonly line: number; readonly column: number };

  constructor(why: string, id: string, code: string, pos: number) {
    const lines = code.slice(0, pos).split(/\r\n?|[\n\u2028\u2029]/);
    const [line, column] = [lines.length, lines.at(-1)?.length ?? 0];
    super(`${id}:${line}:${column + 1}: ${why}`);
    this.id = id;
    this.pos = pos;
    this.loc = { file: id, line, column };
  }
}
