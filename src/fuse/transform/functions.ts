// The functions of a module: those that only compute, and those that may be handed the frame of who awaits them.

import {
  childOf,
  childrenOf,
  eachChild,
  type FunctionNode,
  isFunction,
  namesOf,
  type Node,
} from "../../carrier/transform/syntax.ts";
import { addHarmless, isHarmlessFunction, nameOf } from "./pure.ts";
import { asks } from "./query.ts";

/** A function that has a name of its own. */
interface Named {
  readonly name: string;
  readonly node: FunctionNode;
  /** The declaration behind which it is there; `undefined`: from the start; `false`: nowhere that a statement could stand. */
  readonly declaration: Node | undefined | false;
}

export interface Functions {
  /** Asynchronous functions that may be handed a frame, by the names that are awaited: those of the module, and all that it imports. */
  readonly callable: ReadonlySet<string>;
  readonly helpers: ReadonlySet<Node>;
  /** Those that are there from the start: names and functions. */
  readonly hoisted: readonly Helper[];
  /** The others, by the declarations behind which they are there. */
  readonly declared: ReadonlyMap<Node, readonly Helper[]>;
}

export type Helper = Pick<Named, "name" | "node">;

/** @param mayBeHelper - it can be fused, and its first line comes first. */
export function functionsOf(program: Node, code: string, mayBeHelper: (node: FunctionNode) => boolean): Functions {
  const seen = new Seen();
  seen.look(program, undefined, undefined);
  seen.markHarmless();
  const able = seen.named.filter(({ node, declaration }) => declaration !== false && mayBeHelper(node));
  const names = new Set<string>();
  const helpers = new Set<Node>();
  for (let size = -1; size !== helpers.size;) {
    ({ size } = helpers);
    for (const { name, node } of able)
      if (!helpers.has(node) && asksItself(node, code, names)) {
        helpers.add(node);
        names.add(name);
      }
  }
  const found = able.filter(({ node }) => helpers.has(node));
  const declared = new Map<Node, Helper[]>();
  for (const each of found)
    if (each.declaration) declared.set(each.declaration, [...(declared.get(each.declaration) ?? []), each]);
  return {
    callable: new Set([...seen.imported, ...names]),
    helpers,
    hoisted: found.filter(({ declaration }) => declaration === undefined),
    declared,
  };
}

/** Something in its own code asks, or what an arrow function gives. */
function asksItself({ body }: FunctionNode, code: string, names: ReadonlySet<string>): boolean {
  return body.type === "BlockStatement"
    ? asks(body, code, names)
    : asks({ type: "ReturnStatement", start: body.start, end: body.end, argument: body }, code, names);
}

class Seen {
  readonly named: Named[] = [];
  readonly imported: Set<string> = new Set();
  readonly #bound: Map<string, number> = new Map();
  readonly #assigned: Set<string> = new Set();
  readonly #uses: Map<string, Node[]> = new Map();

  look(node: Node, parent: Node | undefined, above: Node | undefined): void {
    if (node.type === "Identifier") {
      const uses = this.#uses.get(nameOf(node));
      if (uses) uses.push(node);
      else this.#uses.set(nameOf(node), [node]);
    }
    this.#bind(node, parent, above);
    if (node.type === "AssignmentExpression" || node.type === "UpdateExpression" || /^For(?:In|Of)/.test(node.type))
      for (const key of ["left", "argument"]) for (const name of namesOf(childOf(node, key))) this.#assigned.add(name);
    eachChild(node, (child) => this.look(child, node, parent));
  }

  #bind(node: Node, parent: Node | undefined, above: Node | undefined): void {
    if (isFunction(node)) {
      for (const name of node.params.flatMap(namesOf)) this.#count(name);
      const name = nameOf(node.id ?? undefined);
      if (name) this.#count(name);
      const isOfModule = parent?.type === "Program" || (above?.type === "Program" && parent?.type.startsWith("Export"));
      if (name && node.type === "FunctionDeclaration")
        this.named.push({ name, node, declaration: isOfModule ? undefined : false });
    } else if (node.type === "VariableDeclarator") {
      for (const name of namesOf(childOf(node, "id"))) this.#count(name);
      const [name, init] = [nameOf(childOf(node, "id")), childOf(node, "init")];
      const isStatement = /^(?:Program|BlockStatement|ExportNamedDeclaration)$/.test(above?.type ?? "");
      if (name && init && isFunction(init)) this.named.push({ name, node: init, declaration: isStatement && parent! });
    } else if (node.type.startsWith("Class")) this.#count(nameOf(childOf(node, "id")));
    else if (node.type === "CatchClause") for (const name of namesOf(childOf(node, "param"))) this.#count(name);
    else if (node.type.startsWith("Import"))
      for (const each of childrenOf(node, "local")) {
        this.#count(nameOf(each));
        this.imported.add(nameOf(each));
      }
  }

  #count(name: string): void {
    this.#bound.set(name, (this.#bound.get(name) ?? 0) + 1);
  }

  /** Its name means something else somewhere, or at some time. */
  #isAmbiguous(name: string): boolean {
    return this.#bound.get(name) !== 1 || this.#assigned.has(name);
  }

  /** Finds the functions that only compute: each may make others of them such. */
  markHarmless(): void {
    let rest = this.named.filter(({ name }) => !this.#isAmbiguous(name));
    for (let count = -1; count !== rest.length;) {
      count = rest.length;
      rest = rest.filter(({ name, node }) => {
        const isHarmless = isHarmlessFunction(node);
        if (isHarmless) for (const use of this.#uses.get(name) ?? []) addHarmless(use);
        return !isHarmless;
      });
    }
  }
}
