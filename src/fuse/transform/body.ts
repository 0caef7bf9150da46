// The statements of a fused function. While something is held, only what is listed here may run; all else waits for it first.

import { childOf, childrenOf, type FunctionNode, namesOf, type Node } from "../../carrier/transform/syntax.ts";
import { writeIf, writeSwitch, writeTry } from "./branches.ts";
import { collect, type Late, lateness, rowBy, untilOf, wantedBy } from "./late.ts";
import { Loops } from "./loops.ts";
import { declaredBy, Names } from "./names.ts";
import { firstAwait } from "./order.ts";
import { isPlainPattern, isPure } from "./pure.ts";
import { askedBy, togetherBy } from "./query.ts";
import { isTotal, type Rows } from "./total.ts";
import { type Called, isCalled, type Place, type Writer } from "./writer.ts";

export class Body {
  readonly names: Names;
  readonly writer: Writer;
  readonly #node: FunctionNode;
  readonly #isWork: boolean;
  readonly loops: Loops;

  constructor(node: FunctionNode, writer: Writer, isWork: boolean) {
    this.#node = node;
    this.writer = writer;
    this.#isWork = isWork;
    this.names = new Names(node);
    this.loops = new Loops(this);
  }

  statements(): void {
    const known = new Set(this.#node.params.flatMap(namesOf));
    this.list(childrenOf(this.#node.body, "body"), {
      ...{ isSingle: false, isInLoop: false, isInTry: false, leavesTry: false, isTop: true },
      ...{ known, rows: new Map() },
    });
  }

  list(statements: readonly Node[], outer: Place): void {
    const declared = new Set(statements.flatMap(declaredBy));
    const isVisible = (name: string): boolean => !declared.has(name);
    const known = new Set([...outer.known].filter(isVisible));
    const rows = new Map([...outer.rows].filter(([name]) => isVisible(name)));
    const place = { ...outer, isSingle: false, known, rows };
    const waiting: Late[] = [];
    for (let index = 0; index < statements.length; index++) {
      const node = statements[index]!;
      const due = waiting.filter(({ until, text }) => until === index && (text || !this.#returns(node, known)));
      if (due.length > 0) collect(this.writer, node, due, this.#isLast(node, place, rowsOf(waiting)));
      const late = lateness(this, statements, index, place);
      if (late?.rest) return;
      if (late) waiting.push(late);
      else this.statement(node, place, statements[index + 1], waiting);
      // What a loop has filled may be seen when it was filled.
      for (const list of this.loops.takeFilled())
        waiting.push({ names: [list], rows: new Map(), until: untilOf(statements, index, [list]), text: "" });
      for (const name of declaredBy(node)) known.add(name);
      // A list may be given something else by and by; a variable that is assigned, too.
      for (const [name, kind] of wantedBy(this.writer, node)?.rows ?? [])
        if (kind === "row" && !this.names.assigned.has(name)) rows.set(name, kind);
    }
  }

  statement(node: Node, place: Place, next?: Node, waiting: readonly Late[] = []): void {
    switch (node.type) {
      case "EmptyStatement":
        return;
      case "BreakStatement":
      case "ContinueStatement":
        return place.leavesTry ? this.writer.wait(node, place.isSingle) : undefined;
      case "BlockStatement":
        return this.list(childrenOf(node, "body"), { ...place, isTop: false });
      case "ExpressionStatement":
        return this.#expression(node, place, next);
      case "VariableDeclaration":
        return this.#declaration(node, place, next, waiting);
      case "ReturnStatement":
        return this.#return(node, place);
      case "IfStatement":
        return writeIf(this, node, place);
      case "SwitchStatement":
        return writeSwitch(this, node, place);
      case "TryStatement":
        return writeTry(this, node, place);
      case "ForOfStatement":
      case "ForInStatement":
      case "ForStatement":
      case "WhileStatement":
        return this.loops.statement(node, place);
      default:
        // Among them `throw`: what was awaited ahead of it must have run.
        return this.wait(node, place, childOf(node, "argument"));
    }
  }

  /** Waits ahead of a statement; where all begins with the `await` of a query, that one leaves with what is held. */
  wait(node: Node, { isSingle }: Place, ...parts: readonly (Node | undefined)[]): void {
    let first: Node | undefined;
    for (const part of parts) if ((first = firstAwait(part)) || !isPure(part)) break;
    const awaited = this.writer.awaited(first);
    if (!awaited || isCalled(awaited)) return this.writer.wait(node, isSingle);
    this.writer.wait(node, isSingle, this.writer.ahead(awaited), () => this.writer.value(first!, awaited, "value"));
  }

  #expression(node: Node, place: Place, next: Node | undefined): void {
    const { writer } = this;
    const expression = childOf(node, "expression")!;
    const awaited = writer.awaited(expression);
    const behind = writer.pen.code.slice(expression.end, node.end);
    const isBare = expression.start === node.start && /^\s*;?$/.test(behind);
    if (awaited && isBare && isCalled(awaited)) return this.#hand(node, awaited, place, true);
    if (awaited && isBare && !isCalled(awaited) && (awaited.how === undefined || awaited.how === "run")) {
      writer.pen.edits.open(node.start, `{${writer.ahead(awaited)}`);
      writer.hold("later", expression.start, awaited, expression.end);
      writer.pen.edits.close(expression.end, `||await ${writer.call("rest")}`);
      return writer.pen.edits.close(node.end, ";}");
    }
    const together = isBare && (next ? this.#isLast(next, place, NONE) : this.#isWork && place.isTop);
    if (together && this.#together(node, expression, place)) return;
    if (expression.type === "AssignmentExpression" && this.#assignment(node, expression, place)) return;
    // What is caught has not been assigned.
    if (!isPure(expression) && (place.isInTry || !this.names.isOwnCall(expression))) this.wait(node, place, expression);
  }

  /** `await Promise.all([…])` as the last that is asked. */
  #together(node: Node, awaited: Node, place: Place): boolean {
    const together = togetherBy(awaited, this.writer.pen.code);
    if (together)
      this.writer.wait(node, place.isSingle, this.writer.ahead(together), () => this.writer.all(awaited, together));
    return together !== undefined;
  }

  /** @returns false: it waits. */
  #assignment(node: Node, expression: Node, place: Place): boolean {
    const [left, right] = [childOf(expression, "left")!, childOf(expression, "right")!];
    const awaited = expression["operator"] === "=" ? this.writer.awaited(right) : undefined;
    const isOwn = isPlainPattern(left) && namesOf(left).every((name) => this.names.isAlone(name));
    if (awaited && isCalled(awaited) && isOwn && !place.isInTry) {
      this.#hand(node, awaited, place);
      return true;
    }
    const isSet =
      isOwn && left.type === "Identifier" && /^(?:[+-]|\?\?|\|\|)?=$/.test(expression["operator"] as string);
    return isSet && !place.isInTry && isPure(right);
  }

  /** `await f(pure)`: what it asks joins what is held. */
  #hand(node: Node, called: Called, place: Place, isUnused = false): void {
    this.writer.wait(node, place.isSingle, this.writer.ahead(called), () => this.writer.hand(called, isUnused));
  }

  #declaration(node: Node, place: Place, next: Node | undefined, waiting: readonly Late[]): void {
    const declarators = childrenOf(node, "declarations");
    const isPlain =
      /^(?:const|let|var)$/.test(node["kind"] as string) &&
      declarators.every((each) => isPlainPattern(childOf(each, "id")!));
    if (isPlain && declarators.every((each) => isPure(childOf(each, "init")))) return;
    const called =
      declarators.length === 1 && isPlain ? this.writer.awaited(childOf(declarators[0]!, "init")) : undefined;
    if (called && isCalled(called)) return this.#hand(node, called, place);
    const wanted = wantedBy(this.writer, node);
    if (wanted && this.#isLast(next, place, rowsOf([...waiting, wanted]))) {
      const write = (): void => this.writer.value(wanted.awaited, wanted.asked, "last");
      return this.writer.wait(node, place.isSingle, this.writer.ahead(wanted.asked), write);
    }
    // A pattern may run something of its own ahead of the next value.
    const odd = declarators.findIndex((each) => !isPlainPattern(childOf(each, "id")!));
    const inits = declarators.slice(0, odd === -1 ? undefined : odd + 1);
    return this.wait(node, place, ...inits.map((each) => childOf(each, "init")));
  }

  /** A `return` that cannot throw, and gives nothing that may ask. */
  #isLast(node: Node | undefined, place: Place, late: Rows): boolean {
    const result = node?.type === "ReturnStatement" ? childOf(node, "argument") : undefined;
    if (!this.#isWork || place.isInLoop || place.isInTry || result === undefined) return false;
    return isTotal(result, new Map([...place.rows, ...late]), place.known);
  }

  /** A `return` of lists that are filled by then, and of nothing that can throw. */
  #returns(node: Node, known: ReadonlySet<string>): boolean {
    const result = node.type === "ReturnStatement" ? childOf(node, "argument") : undefined;
    return result !== undefined && isTotal(result, new Map([...known].map((name) => [name, "row"])), known);
  }

  #return(node: Node, place: Place): void {
    const { writer } = this;
    const argument = childOf(node, "argument");
    const isAwaited = argument?.type === "AwaitExpression";
    // What catches it catches what is held, too; and a query that is not awaited there is not caught.
    if (place.isInTry) return this.wait(node, place, isAwaited ? argument : undefined);
    if (argument === undefined)
      return writer.pen.edits.replace(node.start, node.start + "return".length, `return ${writer.result(undefined)}`);
    const asked = askedBy(argument, writer.pen.code);
    // `.first()` has asked when it is returned; a query waits to be awaited, as it does here.
    if (asked && !asked.isInside)
      return writer.wait(node, place.isSingle, writer.ahead(asked), () =>
        writer.returned(argument, asked, this.#isWork && !place.isInLoop),
      );
    const row = rowBy(writer, argument);
    if (row && this.#isWork && !place.isInLoop)
      return writer.wait(node, place.isSingle, writer.ahead(row.asked), () =>
        writer.value(row.awaited, row.asked, "last"),
      );
    const called = writer.called(isAwaited ? childOf(argument, "argument") : argument);
    if (called)
      writer.wait(node, place.isSingle, writer.ahead(called), () => {
        writer.result(argument, isAwaited ? "" : "await ", () => writer.hand(called, false));
      });
    else if (isPure(argument)) writer.result(argument);
    else this.wait(node, place, argument);
  }
}

const NONE: Rows = new Map();

function rowsOf(waiting: readonly Pick<Late, "rows">[]): Rows {
  return new Map(waiting.flatMap(({ rows }) => [...rows]));
}
