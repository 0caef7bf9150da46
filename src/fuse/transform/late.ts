// Values that are wanted later: their query is held like any other, and the variable gets its value ahead of its first use.

import { childOf, childrenOf, type Node } from "../../carrier/transform/syntax.ts";
import type { Body } from "./body.ts";
import { mentions, nameOf } from "./pure.ts";
import { type Asked, flatNamesOf } from "./query.ts";
import { isTotal, type Rows } from "./total.ts";
import { isCalled, type Place, type Writer } from "./writer.ts";

export interface Late {
  readonly names: readonly string[];
  readonly rows: Rows;
  /** Index of the statement ahead of which it must be there. */
  readonly until: number;
  /** Declares it, from the slot of its value; `""`: it is there, and is filled by then. */
  readonly text: string;
  /** The rest of the list is done as well. */
  readonly rest?: true;
}

/** What a declaration asks: `await tx.sql`…``, or one row of it. */
interface Wanted extends Row {
  readonly names: readonly string[];
  /** Those of them that hold rows. */
  readonly rows: Rows;
  readonly pattern: Node;
}

/** `await tx.sql`…``, or `(await tx.sql`…`)[0]`. */
interface Row {
  readonly asked: Asked;
  readonly awaited: Node;
  /** Behind the value: `[0]`. */
  readonly member: string;
}

/** Ahead of a statement: what is late by then. */
export function collect(writer: Writer, node: Node, due: readonly Late[], isEnd: boolean): void {
  if (due.length === 0) return;
  const settled = isEnd ? `${writer.frame}.p&&await ${writer.call("settleLast")};` : writer.settled;
  writer.pen.edits.open(node.start, settled + due.map(({ text }) => text).join(""));
}

/** Writes a declaration whose value can wait; `undefined`: it cannot, or nothing is won. */
export function lateness(body: Body, statements: readonly Node[], index: number, place: Place): Late | undefined {
  const { writer, names } = body;
  const node = statements[index]!;
  const wanted = wantedBy(writer, node);
  if (!wanted) return undefined;
  const { asked, pattern, member } = wanted;
  if (place.isInLoop && fills(body, statements, index, place, wanted))
    return { names: [], rows: new Map(), until: statements.length, text: "", rest: true };
  const until = untilOf(statements, index, wanted.names);
  const end = statements[until]?.start ?? statements.at(-1)!.end;
  const isWorth = statements.slice(index + 1, until).some((each) => writer.asks(each));
  if (!isWorth || !names.areUnseenUntil(end, wanted.names)) return undefined;
  const { edits, code } = writer.pen;
  const slot = writer.slot("v");
  edits.open(node.start, writer.ahead(asked));
  edits.replace(node.start, asked.query.start, `const ${slot}=${writer.pen.name}.late(${writer.frame},`);
  const how = asked.how ? `,"${asked.how}"` : "";
  edits.replace(asked.query.end, node.end, `${how})||{v:await ${writer.call("rest")}};`);
  const kind = node["kind"] as string;
  return {
    names: wanted.names,
    rows: wanted.rows,
    until,
    text: `${kind} ${code.slice(pattern.start, pattern.end)}=${slot}.v${member};`,
  };
}

/** What a declaration asks, where nothing can be thrown behind the answer. */
export function wantedBy(writer: Writer, node: Node): Wanted | undefined {
  const declarators = node.type === "VariableDeclaration" ? childrenOf(node, "declarations") : [];
  if (declarators.length !== 1 || node["kind"] === "var") return undefined;
  const pattern = childOf(declarators[0]!, "id")!;
  const row = rowBy(writer, childOf(declarators[0]!, "init"));
  // A row is no array that could be taken apart.
  const names = !row || (row.member && pattern.type !== "Identifier") ? undefined : flatNamesOf(pattern, row.asked);
  if (!row || !names || mentions(row.asked.query, new Set(names))) return undefined;
  const { how } = row.asked;
  const kind = pattern.type === "Identifier" && !row.member && !how ? "list" : "row";
  const rows = how === "run" || how === "values" ? [] : names;
  return { ...row, names, pattern, rows: new Map(rows.map((name) => [name, kind])) };
}

/** The query that an expression awaits, or of whose answer it takes one row. */
export function rowBy(writer: Writer, node: Node | undefined): Row | undefined {
  const row = node?.type === "MemberExpression" && node["computed"] === true ? node : undefined;
  const at = row && childOf(row, "property")!["value"];
  if (row && (typeof at !== "number" || row["optional"] === true)) return undefined;
  const awaited = row ? unwrapped(childOf(row, "object")!) : node;
  const asked = writer.awaited(awaited);
  if (!asked || isCalled(asked) || (row && asked.how !== undefined)) return undefined;
  return { asked, awaited: awaited!, member: row ? `[${String(at)}]` : "" };
}

function unwrapped(node: Node): Node {
  return node.type === "ParenthesizedExpression" ? unwrapped(childOf(node, "expression")!) : node;
}

/** In a loop, where all that is done with the value is to keep it in a list that nobody looks at meanwhile. */
function fills(body: Body, statements: readonly Node[], index: number, place: Place, wanted: Wanted): boolean {
  const { writer, loops } = body;
  const { edits, code } = writer.pen;
  const [node, stores] = [statements[index]!, statements.slice(index + 1)];
  // What is read later must be the same then.
  const lasting = new Set([...place.known].filter((name) => !body.names.assigned.has(name)));
  const lists = stores.map((each) => listOf(each, wanted.rows, lasting));
  const mayFill = (list: string | undefined): boolean =>
    list !== undefined && loops.mayFill(list, lists.filter((each) => each === list).length);
  if (wanted.member !== "" || lists.length === 0 || !lists.every(mayFill)) return false;
  for (const list of lists) loops.fill(list!);
  const { asked, pattern } = wanted;
  const [from, to] = [stores[0]!.start, stores.at(-1)!.end];
  const store = `(${code.slice(pattern.start, pattern.end)})=>{${code.slice(from, to)}}`;
  const init = childOf(childrenOf(node, "declarations")[0]!, "init")!;
  edits.open(node.start, writer.ahead(asked));
  writer.hold("later", node.start, asked, init.end, store);
  edits.close(init.end, `||await ${writer.call("rest")}`);
  edits.replace(from, to, "");
  return true;
}

/** `list.push(value)` of a value that cannot throw. */
function listOf(statement: Node, rows: Rows, known: ReadonlySet<string>): string | undefined {
  const call = statement.type === "ExpressionStatement" ? childOf(statement, "expression")! : statement;
  const callee = call.type === "CallExpression" ? childOf(call, "callee")! : call;
  if (callee.type !== "MemberExpression" || callee["computed"] === true || callee["optional"] === true)
    return undefined;
  if (nameOf(childOf(callee, "property")) !== "push") return undefined;
  const isKept = childrenOf(call, "arguments").every((each) => isTotal(each, rows, known));
  return isKept ? nameOf(childOf(callee, "object")) : undefined;
}

/** The first statement behind `index` that uses one of these names. */
export function untilOf(statements: readonly Node[], index: number, names: readonly string[]): number {
  const found = statements.findIndex((each, at) => at > index && mentions(each, new Set(names)));
  return found === -1 ? statements.length : found;
}
