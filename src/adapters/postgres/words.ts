/** A text as PostgreSQL's lexer has it. */
export interface Words {
  /** Words in capitals, and marks, which tell words apart; without numbers, strings and commas, of which there may be many. */
  readonly words: readonly string[];
  /** Highest `$n`. */
  readonly placeholders: number;
  /** Where a second statement begins; -1 when there is none. */
  readonly stray: number;
  /** True: it calls set_config() for longer than its transaction, as far as can be seen. */
  readonly setsConfig: boolean;
  /** What stands in the first quotes. */
  readonly body: string;
}

// Every pattern here takes time in proportion to the text, whatever is in it. What nothing closes runs to the end.
const TOKEN =
  /--[^\n\r]*|(\/\*)|([eE]')|[\d.]+|'[^']*'?|("[^"]*"?)|(\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$)|\$(\d+)|([A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)|[^\s]/g;
const COMMENT = /\/\*|\*\//g;
// Behind the end of a line, a string goes on.
const ESCAPED = /\\[^]|''|'[^\S\n\r]*[\n\r]\s*'|'/g;
// Comments nest.
const DEPTHS: Readonly<Record<string, number>> = { "/*": 1, "*/": -1, "'": -1 };
/** Names that mean something here, as some libraries write all names. */
const QUOTED = /^"(set_config|pg_temp|pg_(try_)?advisory_lock(_shared)?)"$/;
const TRUE = /^'t(rue)?'$/i;
const FILLERS = "',.0123456789";

/** @param isFirst - true: of the first statement alone. Default false: of all there are. */
export function wordsOf(text: string, isFirst = false): Words {
  const words: string[] = [];
  let [placeholders, stray, setsConfig, body] = [0, -1, false, ""];
  let [last, before, hasEnded] = ["", "", false];
  // Depth of blocks in whose body semicolons stand: BEGIN ATOMIC … END, and CASE … END within.
  let blocks = 0;
  // Whether it was set_config that opened it, for each parenthesis that is open.
  const open: boolean[] = [];
  TOKEN.lastIndex = 0;
  for (let match: RegExpExecArray | null; (match = TOKEN.exec(text));) {
    const [token, comment, escaped, name, tag, number, word] = match;
    const quote = comment ? COMMENT : escaped ? ESCAPED : tag;
    if (quote) TOKEN.lastIndex = endOf(quote, text, TOKEN.lastIndex);
    if (comment || token.startsWith("--")) continue;
    if (tag || token[0] === "'") body ||= text.slice(match.index + (tag ?? "'").length, TOKEN.lastIndex);
    if (number) placeholders = Math.max(placeholders, Number(number));
    const meant = word?.toUpperCase() ?? meaningOf(token, name);
    // The actions of a rule stand in parentheses.
    if (meant === ";" && blocks + open.length === 0) hasEnded ||= words.length > 0;
    else if (hasEnded && stray < 0) stray = match.index;
    if (isFirst && stray >= 0) break;
    if (meant === "(") open.push(last === "SET_CONFIG");
    // set_config(…, true) lasts as long as its transaction.
    else if (meant === ")") setsConfig ||= open.pop() === true && !(before === "," && last === "TRUE");
    else if (meant === "ATOMIC" && last === "BEGIN") blocks++;
    else if (blocks > 0) blocks += Number(meant === "CASE") - Number(meant === "END");
    before = last;
    last = meant;
    if (word || name || !(escaped || FILLERS.includes(token[0]!) || (meant === ";" && words.length === 0)))
      words.push(meant);
  }
  return { words, placeholders, stray, setsConfig: setsConfig || open.includes(true), body };
}

function meaningOf(token: string, name: string | undefined): string {
  if (name) return QUOTED.exec(name)?.[1]?.toUpperCase() ?? '"';
  return token.length < 7 && TRUE.test(token) ? "TRUE" : token[0]!;
}

function endOf(quote: RegExp | string, text: string, from: number): number {
  if (typeof quote === "string") return (text.indexOf(quote, from) + 1 || text.length) + quote.length - 1;
  quote.lastIndex = from;
  for (let depth = 1; depth > 0;) {
    const match = quote.exec(text);
    if (!match) return text.length;
    depth += DEPTHS[match[0]] ?? 0;
  }
  return quote.lastIndex;
}
