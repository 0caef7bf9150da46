// The public surface of an entry, cut from the emitted .d.ts files: what it exports, and every type that this names.

import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "vite";
import { root } from "./package.ts";

/** As much of a syntax tree as is needed here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Where a name of a file comes from: `{ file, name }` of the declaration; `name` `"*"` for a whole module. */
interface Origin {
  readonly file: string;
  readonly name: string;
}

interface Module {
  readonly file: string;
  readonly text: string;
  /** Own declarations by name; overloads of one function share it. */
  readonly declarations: Map<string, Node[]>;
  readonly imports: Map<string, Origin>;
  readonly exports: Map<string, Origin>;
  /** Files of `export * from`. */
  readonly stars: string[];
}

const modules = new Map<string, Module>();

/** Declarations in the order of their files and places, each file under its name. */
export function publicDeclarations(entry: string): string {
  const found = new Map<string, Set<Node>>();
  for (const origin of exportsOf(entry)) collect(origin, found);
  const sections = [...found].map(([file, nodes]) => {
    const { text } = load(file);
    const parts = [...nodes]
      .sort((a, b) => a.start - b.start)
      .map((node) => withoutComments(text.slice(node.start, node.end)));
    return `// ${relative(join(root, "dist"), file).replaceAll("\\", "/")}\n\n${parts.join("\n\n")}\n`;
  });
  return sections.sort().join("\n");
}

/** Names that the entry exports, sorted. */
export function exportedNames(entry: string): string[] {
  const { exports, stars } = load(entry);
  return [...exports.keys(), ...stars.flatMap(exportedNames)].sort();
}

/** Exported functions whose comment has no example, by name. */
export function withoutExample(entry: string): string[] {
  const { exports, stars } = load(entry);
  const own = [...exports].filter(([, origin]) => {
    const { file, nodes } = resolve(origin);
    const calls = nodes.filter(({ declaration, type }) => {
      const kind = (declaration as Node | null | undefined)?.type ?? type;
      return kind === "TSDeclareFunction" || kind === "FunctionDeclaration";
    });
    return calls.length > 0 && !calls.some(({ start }) => commentAt(load(file).text, start).includes("@example"));
  });
  return [...own.map(([name]) => name), ...stars.flatMap(withoutExample)].sort();
}

/** Where a name is declared, through all that passes it on. */
function resolve({ file, name }: Origin): { readonly file: string; readonly nodes: readonly Node[] } {
  const { declarations, imports, exports } = load(file);
  const elsewhere = imports.get(name) ?? exports.get(name);
  const nodes = declarations.get(name);
  if (nodes === undefined && elsewhere && elsewhere.file !== file) return resolve(elsewhere);
  return { file, nodes: nodes ?? [] };
}

/** The comment that ends right ahead of a place. */
function commentAt(text: string, place: number): string {
  return /\/\*\*(?:(?!\*\/)[^])*\*\/\s*$/.exec(text.slice(0, place))?.[0] ?? "";
}

function exportsOf(file: string): Origin[] {
  const { exports, stars } = load(file);
  return [...exports.values(), ...stars.flatMap(exportsOf)];
}

/** Adds the declaration that `origin` leads to, and all that it names. */
function collect({ file, name }: Origin, found: Map<string, Set<Node>>): void {
  const module = load(file);
  const nodes = module.declarations.get(name);
  const elsewhere = module.imports.get(name) ?? module.exports.get(name);
  if (nodes === undefined && elsewhere !== undefined && elsewhere.file !== file) return collect(elsewhere, found);
  const seen = found.get(file) ?? new Set();
  found.set(file, seen);
  for (const node of nodes ?? []) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const used of namesIn(node)) {
      const origin = module.declarations.has(used) ? { file, name: used } : module.imports.get(used);
      if (origin !== undefined) collect(origin, found);
    }
  }
}

function load(file: string): Module {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, "utf8");
  const module: Module = { file, text, declarations: new Map(), imports: new Map(), exports: new Map(), stars: [] };
  modules.set(file, module);
  const { program, errors } = parseSync(file, text, { lang: "dts" });
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  for (const statement of program.body as unknown as Node[]) addStatement(module, statement);
  return module;
}

function addStatement(module: Module, node: Node): void {
  const source = (node["source"] as { value: string } | null | undefined)?.value;
  const from = source === undefined ? module.file : join(dirname(module.file), source.replace(/\.[jt]s$/, ".d.ts"));
  if (node.type === "ImportDeclaration" && source?.startsWith(".") === false) return;
  if (node.type === "ImportDeclaration") {
    for (const specifier of node["specifiers"] as Node[]) {
      module.imports.set(nameOf(specifier["local"]), { file: from, name: nameOf(specifier["imported"]) });
    }
  } else if (node.type === "ExportAllDeclaration") {
    module.stars.push(from);
  } else if (node.type === "ExportNamedDeclaration") {
    const declaration = node["declaration"] as Node | null;
    for (const name of declaration ? declare(module, declaration, node) : [])
      module.exports.set(name, { file: module.file, name });
    for (const specifier of node["specifiers"] as Node[]) {
      module.exports.set(nameOf(specifier["exported"]), { file: from, name: nameOf(specifier["local"]) });
    }
  } else {
    declare(module, node, node);
  }
}

/** Remembers `shown` as the text of what `declaration` declares. */
function declare({ declarations }: Module, declaration: Node, shown: Node): string[] {
  const variables = declaration["declarations"] as Node[] | undefined;
  const names = (variables ?? [declaration]).filter((each) => each["id"]).map((each) => nameOf(each["id"]));
  for (const name of names) declarations.set(name, [...(declarations.get(name) ?? []), shown]);
  return names;
}

function nameOf(node: unknown): string {
  const { name, value } = (node ?? {}) as { name?: string; value?: string };
  return name ?? value ?? "*";
}

/** Every identifier below `node`; that some are property names does no harm: they lead nowhere, or to a type of the file. */
function namesIn(node: unknown, names = new Set<string>()): Set<string> {
  if (typeof node !== "object" || node === null) return names;
  const { type, name } = node as Node;
  if (type === "Identifier") names.add(name as string);
  for (const child of Object.values(node)) namesIn(child, names);
  return names;
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\/\n/gm, "").replaceAll(/\n{2,}/g, "\n");
}
