// As much of SQLite's grammar as it takes to tell statements apart, and to number their parameters.

export interface Token {
  readonly type: "word" | "name" | "string" | "parameter" | "other" | "semicolon";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One statement of a text. */
export interface Piece {
  readonly sql: string;
  readonly tokens: readonly Token[];
}

const PATTERNS: readonly (readonly [Token["type"] | "blank", RegExp])[] = [
  ["blank", /\s+|--[^\n]*|\/\*[^]*?(?:\*\/|$)/y],
  ["string", /'(?:[^']|'')*(?:'|$)/y],
  ["name", /"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)/y],
  // `#a` too, but not `$a(b)`: sqld cannot read that.
  ["parameter", /\?\d*|[:@$#][\w$\u0080-\uffff]+/y],
  ["word", /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ["semicolon", /;/y],
  ["other", /\d[0-9A-Za-z_.]*|\.\d[0-9A-Za-z_]*|<=|>=|<>|!=|==|<<|>>|\|\||->>?|[^]/y],
];

export function* tokensOf(sql: string): Generator<Token, void> {
  for (let at = 0; at < sql.length;) {
    const start = at;
    for (const [type, pattern] of PATTERNS) {
      pattern.lastIndex = start;
      if (!pattern.test(sql)) continue;
      at = pattern.lastIndex;
      if (type !== "blank") yield { type, text: sql.slice(start, at), start, end: at };
      break;
    }
  }
}

/** The statements of a text; those inside a trigger's body are not its own. */
export function split(sql: string): Piece[] {
  const pieces: Piece[] = [];
  let tokens: Token[] = [];
  let depth = 0;
  const finish = (end: number): void => {
    if (tokens.length > 0) pieces.push({ sql: sql.slice(tokens[0]!.start, end), tokens });
    tokens = [];
    depth = 0;
  };
  for (const token of tokensOf(sql)) {
    if (token.type === "semicolon" && depth === 0) {
      finish(token.start);
      continue;
    }
    tokens.push(token);
    const word = token.type === "word" && isTrigger(tokens) ? token.text.toUpperCase() : "";
    if (word === "BEGIN" || (word === "CASE" && depth > 0)) depth++;
    else if (word === "END" && depth > 0) depth--;
  }
  finish(sql.length);
  return pieces;
}

function isTrigger(tokens: readonly Token[]): boolean {
  const [first, ...rest] = tokens.slice(0, 3).map(({ text }) => text.toUpperCase());
  return first === "CREATE" && rest.includes("TRIGGER");
}

/** Names of the parameters by SQLite's numbering, from 1: `undefined` for `?`, else as written (`:name`, `?3`). */
export function parametersOf({ tokens }: Piece): readonly (string | undefined)[] {
  const names: (string | undefined)[] = [];
  for (const { type, text } of tokens) {
    if (type !== "parameter") continue;
    if (text === "?") names.push(undefined);
    else if (!text.startsWith("?")) {
      if (!names.includes(text)) names.push(text);
    } else {
      const number = Number(text.slice(1));
      while (names.length < number) names.push(undefined);
      names[number - 1] ??= text;
    }
  }
  return names;
}
