// What a parser need not see of a module: most of it is in blocks with no async function in them and around them. They are emptied,
// and all that is left stands where it stood. Parsing is by far the most of what a transform costs, and this is a small part of it.

import { isWord } from "./word.ts";

/** A bracket that is open. */
interface Bracket {
  readonly kind: "{" | "(" | "[" | "${" | "";
  readonly at: number;
  /** How many times the word stood before it. */
  readonly words: number;
  /** True: in an async function, of which everything counts. */
  readonly isKept: boolean;
  /** The body of an async function. */
  readonly isBody: boolean;
  /** Parentheses of `if`, `for`, `while` or `with`: a statement follows. */
  readonly isCondition: boolean;
  /** Of an async function that begins directly in here: the word was seen, or an arrow whose body is no block. */
  head: "none" | "word" | "expression";
}

/** What the last token was, as far as it decides what `/` or `{` means. */
type Token = "value" | "operator" | "end" | "dot" | "parenthesis" | "condition" | "arrow" | "unclear";

const BEFORE_STATEMENT: ReadonlySet<string> = new Set(["if", "for", "while", "with"]);
const OPERATORS: ReadonlySet<string> = new Set(
  "return typeof case in instanceof delete void throw new do else default extends".split(" "),
);
/** Names as well. */
const UNCLEAR: ReadonlySet<string> = new Set(["of", "yield", "await"]);
const CLOSED_BY: Readonly<Record<string, string>> = { "{": "}", "(": ")", "[": "]", "${": "}" };
/** Longest of all these words. */
const LONGEST = 10;
const [SPACE, BACKSLASH, BACKTICK, DOLLAR, BRACE] = [32, 92, 96, 36, 123];

/**
 * Empties the blocks of a module in which no async function is, and which are in none. Everything else keeps its place.
 *
 * @returns `undefined` when that is nothing, or in doubt: for a text that is no JavaScript, or where a `/` could be either thing.
 * @example
 * outlineOf("class A { a() { return 1 } async b() { await 2 } }"); // "class A { a() {          } async b() { await 2 } }"
 */
export function outlineOf(code: string): string | undefined {
  const blanks = new Reader(code).blanks();
  if (blanks === undefined || blanks.length === 0) return undefined;
  let text = "";
  let at = 0;
  for (const [start, end] of blanks) {
    text += code.slice(at, start) + " ".repeat(end - start);
    at = end;
  }
  return text + code.slice(at);
}

class Reader {
  readonly #code: string;
  /** Where the word stands, in comments and texts, too. */
  readonly #words: readonly number[];
  #passed = 0;
  #at = 0;
  #last: Token = "operator";
  #word = "";
  #top: Bracket;
  readonly #open: Bracket[] = [];
  #blanks: [start: number, end: number][] = [];

  constructor(code: string) {
    this.#code = code;
    this.#words = Array.from(code.matchAll(/\basync\b/g), ({ index }) => index);
    this.#top = { kind: "", at: 0, words: 0, isKept: false, isBody: false, isCondition: false, head: "none" };
  }

  /** Where blocks are to be emptied, in their order. */
  blanks(): readonly (readonly [start: number, end: number])[] | undefined {
    const { length } = this.#code;
    // It would look like a letter here.
    if (WIDE_SPACE.test(this.#code)) return undefined;
    if (this.#code.startsWith("#!")) this.#skipLine();
    while (this.#at < length) if (!this.#token()) return undefined;
    return this.#open.length === 0 ? this.#blanks : undefined;
  }

  /** @returns false in doubt, as all of these do. */
  #token(): boolean {
    const code = this.#code.charCodeAt(this.#at);
    if (code <= SPACE) return this.#step();
    if (isWord(code)) return this.#name();
    const char = this.#code.charAt(this.#at);
    if (char === "/") return this.#slash();
    if (this.#last === "arrow" && char !== "{" && this.#top.head === "word") this.#top.head = "expression";
    switch (char) {
      case "{":
      case "(":
      case "[":
        return this.#enter(char);
      case "}":
      case ")":
      case "]":
        return this.#leave(char);
      case '"':
      case "'":
        return this.#string(char);
      case "`":
        return this.#template();
      case "\\":
        return false;
      default:
        return this.#operator(char);
    }
  }

  #step(): boolean {
    this.#at++;
    return true;
  }

  #name(): boolean {
    const start = this.#at;
    while (isWord(this.#code.charCodeAt(this.#at))) this.#at++;
    const word = this.#at - start <= LONGEST ? this.#code.slice(start, this.#at) : "";
    if (this.#last === "arrow" && this.#top.head === "word") this.#top.head = "expression";
    const isMember = this.#last === "dot";
    if (isMember) this.#last = "value";
    else if (OPERATORS.has(word)) this.#last = "operator";
    else this.#last = UNCLEAR.has(word) ? "unclear" : "value";
    // An arrow whose body it is in goes on.
    if (word === "async" && !isMember && this.#top.head !== "expression") this.#top.head = "word";
    if (word !== "await" || this.#word !== "for") this.#word = isMember ? "" : word;
    return true;
  }

  #operator(char: string): boolean {
    const top = this.#top;
    if (char === "," || char === ";") top.head = "none";
    const two = this.#code.slice(this.#at, this.#at + 2);
    this.#at += two === "=>" || two === "++" || two === "--" ? 2 : 1;
    this.#word = "";
    // Behind a step up or down comes no expression that a slash could begin.
    if (two === "++" || two === "--") this.#last = "value";
    else this.#last = two === "=>" ? "arrow" : char === "." || char === "#" ? "dot" : "operator";
    return true;
  }

  #enter(kind: Bracket["kind"]): boolean {
    const top = this.#top;
    const isBody = kind === "{" && top.head === "word" && ["parenthesis", "condition", "arrow"].includes(this.#last);
    this.#open.push(top);
    this.#top = {
      kind,
      at: this.#at,
      words: this.#wordsBefore(this.#at),
      isKept: top.isKept || top.head !== "none",
      isBody,
      isCondition: kind === "(" && this.#last !== "parenthesis" && BEFORE_STATEMENT.has(this.#word),
      head: "none",
    };
    this.#at += kind.length;
    this.#last = "operator";
    this.#word = "";
    return true;
  }

  #leave(char: string): boolean {
    const { kind, at, words, isKept, isBody, isCondition } = this.#top;
    const outer = this.#open.pop();
    if (outer === undefined || CLOSED_BY[kind] !== char) return false;
    this.#top = outer;
    if (isBody) outer.head = "none";
    if (kind === "{" && !isKept && words === this.#wordsBefore(this.#at)) this.#empty(at + 1, this.#at);
    this.#at++;
    if (kind === "${") return this.#template(this.#at);
    this.#last = char === "]" ? "value" : char === "}" ? "end" : isCondition ? "condition" : "parenthesis";
    return true;
  }

  /** What was emptied inside of it is a part of it. */
  #empty(start: number, end: number): void {
    while ((this.#blanks.at(-1)?.[0] ?? -1) >= start) this.#blanks.pop();
    if (end > start) this.#blanks.push([start, end]);
  }

  #wordsBefore(at: number): number {
    while ((this.#words[this.#passed] ?? Infinity) < at) this.#passed++;
    return this.#passed;
  }

  #slash(): boolean {
    const next = this.#code[this.#at + 1];
    if (next === "/") return this.#skipLine();
    if (next === "*") {
      const end = this.#code.indexOf("*/", this.#at + 2);
      this.#at = end + 2;
      return end >= 0;
    }
    if (this.#last === "end" || this.#last === "dot" || this.#last === "unclear") return false;
    if (this.#last === "value" || this.#last === "parenthesis") return this.#operator("/");
    if (this.#last === "arrow" && this.#top.head === "word") this.#top.head = "expression";
    return this.#pattern();
  }

  #skipLine(): boolean {
    LINE_END.lastIndex = this.#at;
    this.#at = LINE_END.exec(this.#code)?.index ?? this.#code.length;
    return true;
  }

  #string(quote: string): boolean {
    const pattern = quote === "'" ? SINGLE : DOUBLE;
    return this.#skip(pattern);
  }

  #pattern(): boolean {
    return this.#skip(PATTERN);
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#code)) return false;
    this.#at = pattern.lastIndex;
    this.#last = "value";
    this.#word = "";
    return true;
  }

  #template(from: number = this.#at + 1): boolean {
    for (let at = from; at < this.#code.length; at++) {
      const char = this.#code.charCodeAt(at);
      if (char === BACKSLASH) at++;
      else if (char === BACKTICK) {
        this.#at = at + 1;
        this.#last = "value";
        this.#word = "";
        return true;
      } else if (char === DOLLAR && this.#code.charCodeAt(at + 1) === BRACE) {
        this.#at = at;
        return this.#enter("${");
      }
    }
    return false;
  }
}

const WIDE_SPACE = /[^\S\t\n\v\f\r ]/;
const LINE_END = /[\n\r\u2028\u2029]/g;
const SINGLE = /'(?:[^'\\\n\r]|\\[^])*'/y;
const DOUBLE = /"(?:[^"\\\n\r]|\\[^])*"/y;
const PATTERN = /\/(?:[^\\/[\n\r]|\\.|\[(?:[^\\\]\n\r]|\\.)*\])+\//y;
