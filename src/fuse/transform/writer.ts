// Writes what a fused function calls: `$fz` is the run-time half, `$fzf` the frame of its call.

import { childOf, childrenOf, type Node } from "../../carrier/transform/syntax.ts";
import type { Pen } from "./fuse.ts";
import { isPure, nameOf } from "./pure.ts";
import { type Asked, asks, awaitedBy, type Together } from "./query.ts";
import type { Rows } from "./total.ts";

/** Where a statement stands. */
export interface Place {
  /** Not a statement of a list: what is put ahead of it needs braces. */
  readonly isSingle: boolean;
  readonly isInLoop: boolean;
  /** In a `try`: what is held must have been sent when it is left. */
  readonly isInTry: boolean;
  /** `break` and `continue` leave that `try`. */
  readonly leavesTry: boolean;
  /** A statement of the function's own list. */
  readonly isTop: boolean;
  /** Variables that have been initialized: to read them cannot throw. */
  readonly known: ReadonlySet<string>;
  /** Those of them that hold what a query gave. */
  readonly rows: Rows;
}

/** What an `await` waits for, of what the rules know. */
export type Awaited = Asked | Called;

/** `f(pure)`, of a function that may be fused as well. */
export interface Called {
  readonly call: Node;
  readonly callee: string;
}

export function isCalled(awaited: Awaited): awaited is Called {
  return "call" in awaited;
}

export class Writer {
  readonly pen: Pen;
  readonly frame: string;
  /** Of a function that may be handed its caller's frame: what says so. */
  readonly handed: string | undefined;
  #slots = 0;

  constructor(pen: Pen, isHelper: boolean) {
    this.pen = pen;
    this.frame = `${pen.name}f`;
    this.handed = isHelper ? `${pen.name}o` : undefined;
  }

  call(name: string, ...given: string[]): string {
    return `${this.pen.name}.${name}(${[this.frame, ...given].join()})`;
  }

  /** Begins the function. */
  entry(isWork: boolean): string {
    const { pen, frame, handed } = this;
    if (handed) return `const ${handed}=${pen.name}.handed(),${frame}=${pen.name}.enter(${handed});`;
    return `const ${frame}=${pen.name}.${isWork ? "enterWork" : "enter"}();`;
  }

  /** Ends it, where nothing is returned. */
  get exit(): string {
    const { frame, handed } = this;
    return `;if(${frame}.p${handed ? `&&!${handed}` : ""})return ${this.call("end")};${this.caught}`;
  }

  get settled(): string {
    return `${this.frame}.p&&await ${this.call("settle")};`;
  }

  /** Waits for what is held ahead of a statement. @param inner - writes what is inside of it. */
  wait(node: Node, isSingle: boolean, text: string = this.settled, inner?: () => void): void {
    this.pen.edits.open(node.start, isSingle ? `{${text}` : text);
    inner?.();
    if (isSingle) this.pen.edits.close(node.end, "}");
  }

  /** What an `await` waits for, if the rules know it. */
  awaited(node: Node | undefined): Awaited | undefined {
    if (node?.type !== "AwaitExpression") return undefined;
    return awaitedBy(node, this.pen.code) ?? this.called(childOf(node, "argument"));
  }

  /** `f(pure)`, where `f` is a function of this module or of another that may have been fused. */
  called(call: Node | undefined): Called | undefined {
    if (call?.type !== "CallExpression" || call["optional"] === true) return undefined;
    const [callee, given] = [childOf(call, "callee")!, childrenOf(call, "arguments")];
    const name = nameOf(callee);
    if (!this.pen.callable.has(name) || !given.every(isPure)) return undefined;
    const between = this.pen.code.slice((given.at(-1) ?? callee).end, call.end);
    return /^\s*[,(]?\s*\)$/.test(between) ? { call, callee: name } : undefined;
  }

  /** `await Promise.all([…])` of queries: COMMIT may leave with them. */
  all(node: Node, { list }: Together): void {
    this.pen.edits.replace(node.start, list.start, `await ${this.pen.name}.lastAll(${this.frame},`);
  }

  /** Ahead of what is awaited: what it is made by and from must be known not to run anything. */
  ahead(awaited: Awaited | Together): string {
    const check =
      "tags" in awaited
        ? `(${awaited.tags.map((tag) => this.call("foreign", tag)).join("||")})`
        : isCalled(awaited)
          ? `!${this.pen.name}.knows(${awaited.callee})`
          : awaited.isPure && this.call("foreign", awaited.tag);
    return check ? `${this.frame}.p&&${check}&&await ${this.call("settle")};` : this.settled;
  }

  /** Holds a query: a call that is false where it must be waited for by `rest()`. */
  hold(name: string, from: number, { query, how }: Asked, to: number, ...given: string[]): void {
    const { edits } = this.pen;
    edits.replace(from, query.start, `${this.pen.name}.${name}(${this.frame},`);
    this.#closeCall(query.end, to, how, given);
  }

  /** `await tx.sql`…`` whose value is wanted. */
  value(node: Node, { query, how }: Asked, call: "value" | "last"): void {
    this.pen.edits.replace(node.start, query.start, `await ${this.pen.name}.${call}(${this.frame},`);
    this.#closeCall(query.end, node.end, how);
  }

  /** A query that is returned, awaited or not. A helper knows whether its caller wants it. */
  returned(node: Node, { query, how }: Asked, isLast: boolean): void {
    const isAwaited = node.type === "AwaitExpression";
    const call = isLast ? "last" : this.handed ? "result" : "value";
    const text = `${isAwaited ? "await " : ""}${this.pen.name}.${call}(${this.frame},`;
    if (isAwaited) this.pen.edits.replace(node.start, query.start, text);
    else this.pen.edits.open(query.start, text);
    this.#closeCall(query.end, node.end, how, call === "result" ? [this.handed!] : []);
  }

  /** What a call returns. @param inner - writes what is inside of it. */
  result(argument: Node | undefined, text: string = "", inner?: () => void): string {
    const more = this.handed ? `,${this.handed}` : "";
    if (!argument) return `${this.pen.name}.end(${this.frame}${more && `,undefined${more}`})`;
    this.pen.edits.open(argument.start, `${this.pen.name}.end(${this.frame},${text}`);
    inner?.();
    this.pen.edits.close(argument.end, `${more})`);
    return "";
  }

  /** Something in a node's own code asks. */
  asks(node: Node): boolean {
    return asks(node, this.pen.code, this.pen.callable);
  }

  /** Hands the frame to the function that is called: as nothing at all, behind what it is given. */
  hand({ call, callee }: Called, isUnused: boolean): void {
    const last = childrenOf(call, "arguments").at(-1);
    const isOpen = !last || this.pen.code.slice(last.end, call.end).includes(",");
    const give = this.call("give", callee, ...(isUnused ? ["true"] : []));
    // Whatever it is that was called: what it did not take is not for the next one.
    this.pen.edits.open(call.start, `${this.pen.name}.taken(`);
    this.pen.edits.open(call.end - 1, `${isOpen ? "" : ","}...${give}`);
    this.pen.edits.close(call.end, ")");
  }

  /** Ends a `try`: what had failed before wins over what is thrown. */
  get caught(): string {
    const { frame } = this;
    return `}catch(${frame}e){if(${frame}.p)await ${this.call("thrown")};throw ${frame}e}`;
  }

  /** A name for something that belongs to a call: `v` a value that comes later, `t` what is held as a `try` begins. */
  slot(kind: "v" | "t"): string {
    return `${this.pen.name}${kind}${++this.#slots}`;
  }

  /** Ends the call around a query; of `.first()` behind it, the last parenthesis stays. */
  #closeCall(from: number, to: number, how: string | undefined, given: readonly string[] = []): void {
    const more = [...(how ? [`"${how}"`] : given.length > 0 ? ["undefined"] : []), ...given].map((each) => `,${each}`);
    if (how) this.pen.edits.replace(from, to - 1, more.join(""));
    else this.pen.edits.close(from, `${more.join("")})`);
  }
}
