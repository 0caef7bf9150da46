import { Recent } from "../sqlite/recent.ts";

/** What is seen of a text without asking the database. */
export interface Scan {
  /** First word, in capitals; `""` when there is none. */
  readonly verb: string;
  /** True: it leaves something in the session that the next one would see: settings, temporary tables, locks. */
  readonly leavesState: boolean;
  /** True: it moves data through the connection itself, past statements and rows. */
  readonly isCopy: boolean;
  /** Highest `$n`. */
  readonly placeholders: number;
  /** Where a second statement begins, or the text breaks off at a NUL; -1 when it is one statement, and whole. */
  readonly stray: number;
}

// Every pattern here takes time in proportion to the text, whatever is in it. What nothing closes runs to the end.
const TOKEN =
  /--[^\n]*|(\/\*)|[eE]'(?:[^'\\]|\\[^])*'?|'[^']*'?|("[^"]*"?)|\$(?:([A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$|\$(\d+)|([A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)|(;)|[\d.]+|[^\s]/g;
const COMMENT = /\/\*|\*\//g;
const WORDS = 400;

const LEAVES = [
  /^SET (?!LOCAL |TRANSACTION |CONSTRAINTS )/,
  /^(RESET|LISTEN|PREPARE|LOAD|DISCARD) /,
  /^CREATE (OR REPLACE )?(LOCAL |GLOBAL )?(TEMP|TEMPORARY) /,
  /^CREATE .*\bPG_TEMP\b/,
  /^(SELECT|WITH) .*\bINTO (TEMP|TEMPORARY) /,
  /^DECLARE .*\bWITH HOLD\b/,
  /\bPG_(TRY_)?ADVISORY_LOCK(_SHARED)? /,
];

const scans = new Recent(256, read);

/** Scans a text; one seen of late is remembered. */
export function scan(text: string): Scan {
  return scans.get(text);
}

function read(text: string): Scan {
  const words: string[] = [];
  let placeholders = 0;
  let stray = -1;
  let end = -1;
  // Depth of blocks in whose body semicolons stand: BEGIN ATOMIC … END, and CASE … END within.
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let match: RegExpExecArray | null; (match = TOKEN.exec(text));) {
    const [token, comment, , tag, number, word, semicolon] = match;
    if (token.startsWith("--")) continue;
    if (comment) {
      TOKEN.lastIndex = endOfComment(text, TOKEN.lastIndex);
      continue;
    }
    if (semicolon && depth === 0) {
      if (words.length > 0 && end < 0) end = match.index;
      continue;
    }
    if (end >= 0 && stray < 0) stray = match.index;
    if (token.startsWith("$") && number === undefined && token.length > 1)
      TOKEN.lastIndex = endOfQuote(text, TOKEN.lastIndex, `$${tag ?? ""}$`);
    else if (number) placeholders = Math.max(placeholders, Number(number));
    depth = depthAfter(depth, word?.toUpperCase(), words);
    // What is no word tells words apart, so that nothing matches across it.
    if (words.length < WORDS) words.push(word?.toUpperCase() ?? (/^\w/.test(token) ? "0" : token[0]!));
  }
  const head = `${words.join(" ")} `;
  return {
    verb: words.find((word) => /^\w/.test(word)) ?? "",
    leavesState: LEAVES.some((pattern) => pattern.test(head)) || setsConfig(text, head),
    isCopy: /^COPY .*\b(STDIN|STDOUT)\b/.test(head),
    placeholders,
    stray: stray >= 0 ? stray : text.indexOf("\0"),
  };
}

function depthAfter(depth: number, word: string | undefined, words: readonly string[]): number {
  if (word === "ATOMIC" && words.at(-1) === "BEGIN") return depth + 1;
  if (depth === 0) return 0;
  return word === "CASE" ? depth + 1 : word === "END" ? depth - 1 : depth;
}

// set_config(…, true) lasts as long as its transaction.
function setsConfig(text: string, head: string): boolean {
  const calls = head.split("SET_CONFIG (").length - 1;
  return calls > 0 && calls > (text.match(/,\s*(true|'t(rue)?')\s*\)/gi)?.length ?? 0);
}

// Comments nest.
function endOfComment(text: string, from: number): number {
  COMMENT.lastIndex = from;
  for (let depth = 1; depth > 0;) {
    const match = COMMENT.exec(text);
    if (!match) return text.length;
    depth += match[0] === "/*" ? 1 : -1;
  }
  return COMMENT.lastIndex;
}

function endOfQuote(text: string, from: number, tag: string): number {
  const end = text.indexOf(tag, from);
  return end < 0 ? text.length : end + tag.length;
}
