// SQLite's words, as far as the page needs them: to tell statements apart, and to find a word that an error names.

export interface Token {
  readonly kind: "word" | "quoted" | "text" | "number" | "mark";
  /** As written, quotes included. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

// Comments and blanks are matched first, without a group, and so are no tokens.
// A text, a name or a comment that is never closed runs to the end.
const TOKEN =
  /--[^\n]*|\/\*[^]*?(?:\*\/|$)|\s+|(?<text>'(?:[^']|'')*(?:'|$))|(?<quoted>"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$))|(?<number>\d[\w.]*)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<mark>[^])/g;

export function tokenize(sql: string): Token[] {
  return [...tokens(sql)];
}

/** One after another: a dump of megabytes is never all words at once. */
export function* tokens(sql: string): Generator<Token> {
  for (const match of sql.matchAll(TOKEN)) {
    for (const kind of ["text", "quoted", "number", "word", "mark"] as const) {
      const text = match.groups?.[kind];
      if (text !== undefined) yield { kind, text, start: match.index, end: match.index + text.length };
    }
  }
}

/** A name as the database knows it: `"order lines"` is `order lines`. */
export function unquote({ kind, text }: Token): string {
  if (kind !== "quoted") return text;
  const quote = text[0] as string;
  const inner = text.slice(1, -1);
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}

/** A name as it may stand in a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
