// Loops, whose statements are held across their turns.

import { childOf, childrenOf, eachChild, namesOf, type Node } from "../../carrier/transform/syntax.ts";
import type { Body } from "./body.ts";
import { firstAwait } from "./order.ts";
import { isPlainPattern, isPure, nameOf } from "./pure.ts";
import { isCalled, type Place } from "./writer.ts";

export class Loops {
  readonly #body: Body;
  /** The outermost loop, where the function's own list has it. */
  #outer: Node | undefined;
  #filled: Set<string> = new Set();

  constructor(body: Body) {
    this.#body = body;
  }

  statement(node: Node, place: Place): void {
    const outer = this.#outer;
    if (!place.isInLoop && place.isTop) this.#outer = node;
    if (node.type === "ForOfStatement" || node.type === "ForInStatement") this.#over(node, place);
    else this.#counted(node, place);
    this.#outer = outer;
  }

  /** Lists that a loop has filled with values that come later. */
  takeFilled(): Set<string> {
    const filled = this.#filled;
    if (this.#outer) return new Set();
    this.#filled = new Set();
    return filled;
  }

  /** In this loop, a list is filled there and not used otherwise. */
  mayFill(list: string, times: number): boolean {
    return this.#outer !== undefined && this.#body.names.isList(list) && usesOf(this.#outer, list) === times;
  }

  fill(list: string): void {
    this.#filled.add(list);
  }

  #inside(node: Node, place: Place, names: readonly string[]): void {
    const known = new Set([...place.known, ...names]);
    const inside = { ...place, isSingle: true, isInLoop: true, isTop: false, leavesTry: false, known };
    this.#body.statement(childOf(node, "body")!, inside);
  }

  #over(node: Node, place: Place): void {
    const { writer } = this.#body;
    const { edits, name } = writer.pen;
    const [left, right] = [childOf(node, "left")!, childOf(node, "right")!];
    const pattern =
      left.type === "VariableDeclaration" ? childOf(childrenOf(left, "declarations")[0]!, "id") : undefined;
    const isKnown =
      node["await"] !== true && pattern && isPlainPattern(pattern) && !/using/.test(left["kind"] as string);
    const first = isPure(right) ? undefined : writer.awaited(firstAwait(right));
    if (!isKnown || (!isPure(right) && (!first || isCalled(first)))) return writer.wait(node, place.isSingle);
    const write = (): void => {
      const { frame } = writer;
      const isOf = node.type === "ForOfStatement";
      if (isOf) edits.open(right.start, `(${name}.plain(${frame},${frame}.t=`);
      if (first && !isCalled(first)) writer.value(firstAwait(right)!, first, "value");
      if (isOf) edits.close(right.end, `)||await ${writer.call("settle")},${frame}.t)`);
      this.#inside(node, place, namesOf(pattern));
    };
    if (first) writer.wait(node, place.isSingle, writer.ahead(first), write);
    else write();
  }

  #counted(node: Node, place: Place): void {
    const { writer, names } = this.#body;
    const [init, update] = [childOf(node, "init"), childOf(node, "update")];
    const declared = childrenOf(init ?? node, "declarations").flatMap((each) => namesOf(childOf(each, "id")));
    const isInit =
      init === undefined ||
      (init.type === "VariableDeclaration" &&
        childrenOf(init, "declarations").every(
          (each) => isPlainPattern(childOf(each, "id")!) && isPure(childOf(each, "init")),
        ));
    const counted = update?.type === "UpdateExpression" ? nameOf(childOf(update, "argument")) : "";
    const isOwn = declared.includes(counted) || (names.own.has(counted) && !place.isInTry);
    const isUpdate = update === undefined || (isOwn && !names.shared.has(counted));
    if (!isInit || !isUpdate || !isPure(childOf(node, "test"))) return writer.wait(node, place.isSingle);
    this.#inside(node, place, declared);
  }
}

function usesOf(node: Node, name: string): number {
  let uses = node.type === "Identifier" && nameOf(node) === name ? 1 : 0;
  eachChild(node, (child) => void (uses += usesOf(child, name)));
  return uses;
}
