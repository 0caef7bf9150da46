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
  /** What stands in the first quotes of a DO. */
  readonly body: string | undefined;
}

// Every pattern here takes time in proportion to the text, whatever is in it. What nothing closes runs to the end.
const TOKEN =
  /--[^\n\r]*|(\/\*|[eE]')|'[^']*'?|("[^"]*"?)|\$(?:([A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$|\$(\d+)|([A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)|(;)|[\d.]+|[^\s]/g;
const COMMENT = /\/\*|\*\//g;
const ESCAPED = /'(?!')|\\[^]|''/g;
const GOES_ON = /[^\S\n\r]*[\n\r]\s*'/y;
/** Names that mean something here, as some libraries write all names. */
const QUOTED = /^"(set_config|pg_temp|pg_settings|pg_(?:try_)?advisory_lock(?:_shared)?)"$/;
const TRUE = /^'t(rue)?'$/i;
const FILLER = ["0", "'", ",", "TRUE"];

export function wordsOf(text: string): Words {
  const reader = new Reader(text);
  reader.read();
  return reader;
}

class Reader implements Words {
  readonly words: string[] = [];
  placeholders = 0;
  stray = -1;
  setsConfig = false;
  body: string | undefined;
  readonly #text: string;
  /** What came last, and before it: `0` for a number, `'` for a string, `TRUE` for one that says so. */
  #last = "";
  #before = "";
  #hasEnded = false;
  /** Depth of blocks in whose body semicolons stand: BEGIN ATOMIC … END, and CASE … END within. */
  #blocks = 0;
  /** Whether it was set_config that opened it, for each parenthesis that is open. */
  readonly #open: boolean[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): void {
    TOKEN.lastIndex = 0;
    for (let match: RegExpExecArray | null; (match = TOKEN.exec(this.#text));) {
      const [token, opening] = match;
      if (token.startsWith("--")) continue;
      if (opening) TOKEN.lastIndex = (opening === "/*" ? endOfComment : endOfEscaped)(this.#text, TOKEN.lastIndex);
      if (opening !== "/*") this.#take(match);
    }
    this.setsConfig ||= this.#open.includes(true);
  }

  #take({ index, 0: token, 2: name, 3: tag, 4: number, 5: word, 6: semicolon }: RegExpExecArray): void {
    const { words } = this;
    const isTag = token.length > 1 && token.startsWith("$") && number === undefined;
    if (isTag) TOKEN.lastIndex = endOfQuote(this.#text, TOKEN.lastIndex, `$${tag ?? ""}$`);
    if (words[0] === "DO" && (isTag || token.startsWith("'")))
      this.body ??= this.#text.slice(index + (isTag ? token.length : 1), TOKEN.lastIndex);
    if (number) this.placeholders = Math.max(this.placeholders, Number(number));
    // The actions of a rule stand in parentheses.
    if (semicolon && this.#blocks === 0 && this.#open.length === 0) this.#hasEnded ||= words.length > 0;
    else if (this.#hasEnded && this.stray < 0) this.stray = index;
    const meant = word?.toUpperCase() ?? meaning(token, name);
    this.#nest(meant);
    this.#before = this.#last;
    this.#last = meant;
    if (word || (!FILLER.includes(meant) && (words.length > 0 || !semicolon))) words.push(meant);
  }

  #nest(word: string): void {
    const last = this.#last;
    if (word === "(") this.#open.push(last === "SET_CONFIG");
    // set_config(…, true) lasts as long as its transaction.
    else if (word === ")") this.setsConfig ||= this.#open.pop() === true && !(this.#before === "," && last === "TRUE");
    else if (word === "ATOMIC" && last === "BEGIN") this.#blocks++;
    else if (this.#blocks > 0 && word === "CASE") this.#blocks++;
    else if (this.#blocks > 0 && word === "END") this.#blocks--;
  }
}

function meaning(token: string, name: string | undefined): string {
  if (name !== undefined) return QUOTED.exec(name)?.[1]?.toUpperCase() ?? '"';
  if (token.length < 7 && TRUE.test(token)) return "TRUE";
  return /^\w/.test(token) ? "0" : token[0]!;
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

// E'…': a quote may be escaped or doubled in it, and behind the end of a line it goes on.
function endOfEscaped(text: string, from: number): number {
  ESCAPED.lastIndex = from;
  for (let match: RegExpExecArray | null; (match = ESCAPED.exec(text));) {
    if (match[0] !== "'") continue;
    GOES_ON.lastIndex = ESCAPED.lastIndex;
    if (!GOES_ON.test(text)) return ESCAPED.lastIndex;
    ESCAPED.lastIndex = GOES_ON.lastIndex;
  }
  return text.length;
}

function endOfQuote(text: string, from: number, tag: string): number {
  const end = text.indexOf(tag, from);
  return end < 0 ? text.length : end + tag.length;
}
