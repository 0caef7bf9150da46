// The statements of a fused function. While something is held, only what is listed here may run; all else waits for it first.

import {
  childOf,
  childrenOf,
  eachChild,
  type FunctionNode,
  isFunction,
  namesOf,
  type Node,
} from "../../carrier/transform/syntax.ts";
import type { Pen } from "./fuse.ts";
import { identifiersIn, isPlainPattern, isPure, nameOf } from "./pure.ts";
import { type Asked, askedBy, awaitedBy, isReturnOf } from "./query.ts";

/** Where a statement stands. */
interface Place {
  /** Not a statement of a list: what is put ahead of it needs braces. */
  readonly isSingle: boolean;
  readonly isInLoop: boolean;
}

const IN_LIST: Place = { isSingle: false, isInLoop: false };

export class Body {
  readonly #node: FunctionNode;
  readonly #pen: Pen;
  readonly #frame: string;
  readonly #isWork: boolean;
  /** Variables of the function's own that it declares for all of its body, and those that a function inside uses as well. */
  readonly #own: Set<string>;
  readonly #shared: Set<string> = new Set();
  /** Variables that hold an array of the function's own, which nothing else has been given. */
  readonly #lists: Set<string> = new Set();

  constructor(node: FunctionNode, pen: Pen, frame: string, isWork: boolean) {
    this.#node = node;
    this.#pen = pen;
    this.#frame = frame;
    this.#isWork = isWork;
    const declared = childrenOf(node.body, "body").flatMap((each) => childrenOf(each, "declarations"));
    this.#own = new Set([...node.params, ...declared.map((each) => childOf(each, "id"))].flatMap(namesOf));
    const given = new Set<string>();
    this.#look(node.body, given);
    for (const name of given) this.#lists.delete(name);
  }

  /** @param given - names of what is used in another way than by its members. */
  #look(node: Node, given: Set<string>, isReturned = false): void {
    if (node.type === "VariableDeclarator" && childOf(node, "init")?.type === "ArrayExpression")
      this.#lists.add(nameOf(childOf(node, "id")));
    eachChild(node, (child, reach, key) => {
      if (child.type === "Identifier" && !isReturned && !isHarmless(node, key)) given.add(nameOf(child));
      // A class has code of its own in many places.
      if (reach !== "same" || isFunction(child) || child.type.startsWith("Class")) identifiersIn(child, this.#shared);
      else this.#look(child, given, isReturned || (node.type === "ReturnStatement" && isPure(child)));
    });
  }

  statements(): void {
    this.#list(this.#node.body, IN_LIST);
  }

  #list(block: Node, place: Place): void {
    const statements = childrenOf(block, "body");
    statements.forEach((each, index) => this.#statement(each, { ...place, isSingle: false }, statements[index + 1]));
  }

  #statement(node: Node, place: Place, next?: Node): void {
    switch (node.type) {
      case "EmptyStatement":
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "BlockStatement":
        return this.#list(node, place);
      case "ExpressionStatement":
        return this.#expression(node, place);
      case "VariableDeclaration":
        return this.#declaration(node, place, next);
      case "ReturnStatement":
        return this.#return(node, place);
      case "IfStatement":
        return this.#if(node, place);
      case "ForOfStatement":
        return this.#forOf(node, place);
      case "ForStatement":
      case "WhileStatement":
        return this.#loop(node, place);
      default:
        // Among them `throw` and `try`: what they catch must have run.
        return this.#wait(node, place);
    }
  }

  #call(name: string, ...given: string[]): string {
    return `${this.#pen.name}.${name}(${[this.#frame, ...given].join()})`;
  }

  get #settled(): string {
    return `${this.#frame}.p&&await ${this.#call("settle")};`;
  }

  /** Waits for what is held ahead of a statement, which is left as it is. */
  #wait(node: Node, { isSingle }: Place, text = this.#settled): void {
    this.#pen.edits.open(node.start, isSingle ? `{${text}` : text);
    if (isSingle) this.#pen.edits.close(node.end, "}");
  }

  /** Ahead of a query: what it is made by and from must be known not to run anything. */
  #ahead({ tag, isPure: isPureQuery }: Asked): string {
    return isPureQuery
      ? `${this.#frame}.p&&${this.#call("foreign", tag)}&&await ${this.#call("settle")};`
      : this.#settled;
  }

  #expression(node: Node, place: Place): void {
    const expression = childOf(node, "expression")!;
    const asked = awaitedBy(expression, this.#pen.code);
    const isBare = expression.start === node.start && /^\s*;?$/.test(this.#pen.code.slice(expression.end, node.end));
    if (asked && isBare && (asked.how === undefined || asked.how === "run")) return this.#hold(node, expression, asked);
    if (expression.type === "AssignmentExpression") return this.#assignment(node, expression, place);
    if (!isPure(expression) && !this.#isPush(expression)) this.#wait(node, place);
  }

  /** `await tx.sql`…`;` */
  #hold(node: Node, expression: Node, asked: Asked): void {
    const { edits, name } = this.#pen;
    const { query, how } = asked;
    edits.open(node.start, `{${this.#ahead(asked)}`);
    edits.replace(expression.start, query.start, `${name}.later(${this.#frame},`);
    this.#closeCall(query.end, expression.end, how);
    edits.close(expression.end, `||await ${this.#call("rest")}`);
    edits.close(node.end, ";}");
  }

  /** Ends the call around a query; of `.first()` behind it, the last parenthesis stays. */
  #closeCall(from: number, to: number, how: string | undefined): void {
    if (how) this.#pen.edits.replace(from, to - 1, `,"${how}"`);
    else this.#pen.edits.close(from, ")");
  }

  #assignment(node: Node, expression: Node, place: Place): void {
    const [left, right] = [childOf(expression, "left")!, childOf(expression, "right")!];
    const asked = expression["operator"] === "=" ? awaitedBy(right, this.#pen.code) : undefined;
    const names = namesOf(left);
    const isOwn = isPlainPattern(left) && names.every((name) => this.#own.has(name) && !this.#shared.has(name));
    if (asked && isOwn) {
      this.#value(right, asked, "value");
      return this.#wait(node, place, this.#ahead(asked));
    }
    const isSet = isOwn && left.type === "Identifier" && /^[+-]?=$/.test(expression["operator"] as string);
    if (!isSet || !isPure(right)) this.#wait(node, place);
  }

  /** `list.push(value)` on an array of its own. */
  #isPush(expression: Node): boolean {
    const callee = expression.type === "CallExpression" ? childOf(expression, "callee") : undefined;
    if (callee?.type !== "MemberExpression" || nameOf(childOf(callee, "property")) !== "push") return false;
    const list = nameOf(childOf(callee, "object"));
    return this.#lists.has(list) && !this.#shared.has(list) && childrenOf(expression, "arguments").every(isPure);
  }

  /** `await tx.sql`…`` whose value is wanted. */
  #value(node: Node, { query, how }: Asked, call: "value" | "last"): void {
    this.#pen.edits.replace(node.start, query.start, `await ${this.#pen.name}.${call}(${this.#frame},`);
    this.#closeCall(query.end, node.end, how);
  }

  #declaration(node: Node, place: Place, next: Node | undefined): void {
    const declarators = childrenOf(node, "declarations");
    const isPlain =
      /^(?:const|let|var)$/.test(node["kind"] as string) &&
      declarators.every((each) => isPlainPattern(childOf(each, "id")!));
    const [first] = declarators as [Node];
    const asked = declarators.length === 1 ? awaitedBy(childOf(first, "init"), this.#pen.code) : undefined;
    if (!isPlain || !asked) {
      if (!isPlain || !declarators.every((each) => isPure(childOf(each, "init")))) this.#wait(node, place);
      return;
    }
    this.#wait(node, place, this.#ahead(asked));
    const isLast = this.#isWork && !place.isInLoop && isReturnOf(childOf(first, "id")!, asked, next);
    this.#value(childOf(first, "init")!, asked, isLast ? "last" : "value");
  }

  #return(node: Node, place: Place): void {
    const { edits, code } = this.#pen;
    const argument = childOf(node, "argument");
    if (argument === undefined)
      return edits.replace(node.start, node.start + "return".length, `return ${this.#call("end")}`);
    const asked = askedBy(argument, code);
    if (asked && !asked.isInside) {
      // `.first()` has asked when it is returned; a query waits to be awaited, as it does here.
      const call = this.#isWork && !place.isInLoop ? "last" : "value";
      if (argument.type === "AwaitExpression") this.#value(argument, asked, call);
      else {
        edits.open(asked.query.start, `${this.#pen.name}.${call}(${this.#frame},`);
        this.#closeCall(asked.query.end, argument.end, asked.how);
      }
      return this.#wait(node, place, this.#ahead(asked));
    }
    if (!isPure(argument)) return this.#wait(node, place);
    edits.open(argument.start, `${this.#pen.name}.end(${this.#frame},`);
    edits.close(argument.end, ")");
  }

  #if(node: Node, place: Place): void {
    for (const key of ["consequent", "alternate"]) {
      const branch = childOf(node, key);
      if (branch) this.#statement(branch, { ...place, isSingle: true });
    }
    // Behind them: what they close at the same place comes first.
    if (!isPure(childOf(node, "test"))) this.#wait(node, place);
  }

  #forOf(node: Node, place: Place): void {
    const { edits } = this.#pen;
    const [left, right, body] = ["left", "right", "body"].map((key) => childOf(node, key)) as [Node, Node, Node];
    const pattern =
      left.type === "VariableDeclaration" ? childOf(childrenOf(left, "declarations")[0]!, "id")! : undefined;
    if (
      node["await"] === true ||
      !pattern ||
      !isPlainPattern(pattern) ||
      /using/.test(left["kind"] as string) ||
      !isPure(right)
    )
      return this.#wait(node, place);
    edits.open(right.start, `(${this.#pen.name}.plain(${this.#frame},${this.#frame}.t=`);
    edits.close(right.end, `)||await ${this.#call("settle")},${this.#frame}.t)`);
    this.#statement(body, { isSingle: true, isInLoop: true });
  }

  #loop(node: Node, place: Place): void {
    const init = childOf(node, "init");
    const update = childOf(node, "update");
    const isInit =
      init === undefined ||
      (init.type === "VariableDeclaration" &&
        childrenOf(init, "declarations").every(
          (each) => isPlainPattern(childOf(each, "id")!) && isPure(childOf(each, "init")),
        ));
    const counted = update?.type === "UpdateExpression" ? nameOf(childOf(update, "argument")) : "";
    const isOwn =
      this.#own.has(counted) ||
      childrenOf(init ?? node, "declarations").some((each) => nameOf(childOf(each, "id")) === counted);
    const isUpdate = update === undefined || (isOwn && !this.#shared.has(counted));
    if (!isInit || !isUpdate || !isPure(childOf(node, "test"))) return this.#wait(node, place);
    this.#statement(childOf(node, "body")!, { isSingle: true, isInLoop: true });
  }
}

/** A variable's name that stands there gives nobody what it holds. */
function isHarmless({ type, computed }: Node, key: string): boolean {
  if (type === "MemberExpression") return key === "object" || (key === "property" && computed !== true);
  if (type === "Property") return key === "key" && computed !== true;
  return (
    (type === "VariableDeclarator" && key === "id") ||
    (type === "ForOfStatement" && key === "right") ||
    (type === "ReturnStatement" && key === "argument")
  );
}
