// Statements that go one way or another: `if`, `switch`, `try`.

import { childOf, childrenOf, type Node } from "../../carrier/transform/syntax.ts";
import type { Body } from "./body.ts";
import { isPure } from "./pure.ts";
import type { Place } from "./writer.ts";

export function writeIf(body: Body, node: Node, place: Place): void {
  for (const key of ["consequent", "alternate"]) {
    const branch = childOf(node, key);
    if (branch) body.statement(branch, { ...place, isSingle: true, isTop: false });
  }
  // Behind them: what they close at the same place comes first.
  const test = childOf(node, "test");
  if (!isPure(test)) body.wait(node, place, test);
}

export function writeSwitch(body: Body, node: Node, place: Place): void {
  const cases = childrenOf(node, "cases");
  const discriminant = childOf(node, "discriminant");
  if (!cases.every((each) => isPure(childOf(each, "test")))) return body.wait(node, place);
  for (const each of cases)
    for (const statement of childrenOf(each, "consequent"))
      body.statement(statement, { ...place, isTop: false, isSingle: false, known: new Set(), rows: new Map() });
  if (!isPure(discriminant)) body.wait(node, place, discriminant);
}

/** What is asked in it is caught in it, and nothing else: it ends with nothing held. */
export function writeTry(body: Body, node: Node, place: Place): void {
  const { writer } = body;
  const { edits } = writer.pen;
  const [block, handler] = [childOf(node, "block")!, childOf(node, "handler")];
  // Ahead of `finally` nothing may be held.
  if (!handler || childOf(node, "finalizer") || !writer.asks(block)) writer.wait(node, place.isSingle);
  else {
    const [ahead, caught] = [writer.slot("t"), childOf(handler, "body")!];
    writer.wait(node, place.isSingle, `const ${ahead}=${writer.frame}.held.slice();`, () => {
      edits.open(caught.start + 1, `if(${writer.call("isOf", ahead)})throw ${writer.frame}.failed.reason;`);
      body.list(childrenOf(caught, "body"), { ...place, isTop: false });
    });
  }
  if (!writer.asks(block)) return;
  edits.open(block.start + 1, "try{");
  body.list(childrenOf(block, "body"), { ...place, isInTry: true, leavesTry: true, isTop: false });
  edits.close(block.end - 1, `;${writer.settled}${writer.caught}`);
}
