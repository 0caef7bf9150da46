// What a function's variables are to it alone: what may be assigned, filled or read later without anybody seeing it.

import {
  childOf,
  childrenOf,
  eachChild,
  type FunctionNode,
  isFunction,
  namesOf,
  type Node,
} from "../../carrier/transform/syntax.ts";
import { identifiersIn, isPure, nameOf } from "./pure.ts";

/** Methods that change an array, a Map or a Set of the function's own, or ask it. */
const METHODS: Readonly<Record<Kind, ReadonlySet<string>>> = {
  list: new Set(["push", "unshift", "pop", "shift", "reverse"]),
  map: new Set(["set", "get", "has", "delete", "add"]),
};

type Kind = "list" | "map";

/** A function or class inside, which may run at any later time, or where it is declared at any time. */
interface Inside {
  readonly start: number;
  readonly isHoisted: boolean;
  readonly names: ReadonlySet<string>;
}

export class Names {
  /** Those that the function declares for all of its body. */
  readonly own: ReadonlySet<string>;
  /** Those that a function inside uses as well. */
  readonly shared: Set<string> = new Set();
  /** Those that are assigned again. */
  readonly assigned: Set<string> = new Set();
  /** Those that hold an array, a Map or a Set that nothing else has been given. */
  readonly #kinds: Map<string, Kind> = new Map();
  readonly #inside: Inside[] = [];
  readonly #declared: Set<string> = new Set();

  constructor({ params, body }: FunctionNode) {
    const declared = childrenOf(body, "body").flatMap((each) => childrenOf(each, "declarations"));
    this.own = new Set([...params, ...declared.map((each) => childOf(each, "id"))].flatMap(namesOf));
    const given = new Set(params.flatMap(namesOf));
    this.#look(body, given);
    for (const name of given) this.#kinds.delete(name);
  }

  /** @param given - names of what is used in another way than by its members. */
  #look(node: Node, given: Set<string>, isReturned = false): void {
    if (node.type === "VariableDeclarator") this.#declare(node, given);
    // A `var` of a loop's turn is that of the next one.
    if (node["kind"] === "var")
      for (const each of childrenOf(node, "declarations"))
        for (const name of namesOf(childOf(each, "id"))) this.assigned.add(name);
    if (node.type === "CatchClause") for (const name of namesOf(childOf(node, "param"))) given.add(name);
    if (node.type === "AssignmentExpression")
      for (const name of namesOf(childOf(node, "left"))) this.assigned.add(name);
    if (node.type === "UpdateExpression") this.assigned.add(nameOf(childOf(node, "argument")));
    if (/^For(?:Of|In)Statement$/.test(node.type) && childOf(node, "left")!.type !== "VariableDeclaration")
      for (const name of namesOf(childOf(node, "left"))) this.assigned.add(name);
    eachChild(node, (child, reach, key) => {
      if (child.type === "Identifier" && !isReturned && !isHarmless(node, key)) given.add(nameOf(child));
      // A class has code of its own in many places.
      if (reach !== "same" || isFunction(child) || child.type.startsWith("Class")) this.#enter(child);
      else this.#look(child, given, isReturned || (node.type === "ReturnStatement" && isPure(child)));
    });
  }

  #declare(declarator: Node, given: Set<string>): void {
    const [name, init] = [nameOf(childOf(declarator, "id")), childOf(declarator, "init")];
    // Two variables of one name are taken for one that anybody has.
    for (const each of namesOf(childOf(declarator, "id")))
      if (this.#declared.has(each)) given.add(each);
      else this.#declared.add(each);
    const made = init?.type === "NewExpression" ? nameOf(childOf(init, "callee")) : "";
    if (init?.type === "ArrayExpression") this.#kinds.set(name, "list");
    if ((made === "Map" || made === "Set") && childrenOf(init!, "arguments").every(isPure))
      this.#kinds.set(name, "map");
  }

  #enter(node: Node): void {
    const names = identifiersIn(node);
    for (const name of names) this.shared.add(name);
    this.#inside.push({ start: node.start, isHoisted: node.type === "FunctionDeclaration", names });
  }

  /** It is assigned where only this function can see it. */
  isAlone(name: string): boolean {
    return this.own.has(name) && !this.shared.has(name);
  }

  /** `list.push(value)`, `seen.has(key)` on what is its own. */
  isOwnCall(call: Node): boolean {
    const callee = call.type === "CallExpression" ? childOf(call, "callee") : undefined;
    if (callee?.type !== "MemberExpression" || callee["computed"] === true) return false;
    const name = nameOf(childOf(callee, "object"));
    const kind = this.#kinds.get(name);
    if (!kind || this.shared.has(name) || !METHODS[kind].has(nameOf(childOf(callee, "property")))) return false;
    return childrenOf(call, "arguments").every(isPure);
  }

  /** An array of its own. */
  isList(name: string): boolean {
    return this.#kinds.get(name) === "list" && !this.shared.has(name);
  }

  /** No function that could run ahead of `end` uses one of these names. */
  areUnseenUntil(end: number, names: readonly string[]): boolean {
    return !this.#inside.some(
      ({ start, isHoisted, names: used }) => (isHoisted || start < end) && names.some((name) => used.has(name)),
    );
  }
}

/** Methods of arrays that return the array. */
const GIVES_ITSELF = /^(?:sort|reverse|fill|copyWithin|valueOf)$/;

/** A variable's name that stands there gives nobody what it holds. */
function isHarmless(node: Node, key: string): boolean {
  const { type, computed } = node;
  if (type === "MemberExpression")
    return key === "object" ? !GIVES_ITSELF.test(nameOf(childOf(node, "property"))) : computed !== true;
  if (type === "Property") return key === "key" && computed !== true;
  return (
    (type === "VariableDeclarator" && key === "id") ||
    (type === "ForOfStatement" && key === "right") ||
    (type === "ReturnStatement" && key === "argument")
  );
}

/** Names that a statement of a list declares in it. */
export function declaredBy(statement: Node): string[] {
  const declarations = childrenOf(statement, "declarations").flatMap((each) => namesOf(childOf(each, "id")));
  return /^(?:Class|Function)Declaration$/.test(statement.type)
    ? [nameOf(childOf(statement, "id"))]
    : statement.type === "VariableDeclaration"
      ? declarations
      : [];
}
