/** Behind SQLite's own words, where sqld's parser had let the text pass: in bytes, from 0. */
export const OFFSET: RegExp = / \(at offset (\d+)\)$/;

/**
 * Where the server's parser stopped in a text, by its message.
 *
 * SQLite names a token. sqld has a parser of its own, which counts lines, and bytes from 1: to the end of the token that it did not
 * expect, or to the beginning of one that it could not read.
 */
export function findPosition(message: string, sql: string): number | undefined {
  if (/^(incomplete|unexpected end of) input/.test(message)) return sql.length;
  const offset = OFFSET.exec(message)?.[1];
  if (offset) return textBefore(sql, +offset).length;
  const [, line, column] = /(?:at \(|around L)(\d+)(?:, |:)(\d+)/.exec(message) ?? [];
  if (line) {
    const lines = sql.split("\n", +line);
    if (lines.length < +line) return undefined;
    const last = textBefore(lines.pop()!, +column! - 1);
    const before = [...lines, last].join("\n");
    // A word, an operator, or something in quotes.
    const token = /^(near|syntax)/.test(message) ? /([\w$\x80-\uffff]+|[<>=!|-][<>=|]|"[^"]*"|'[^']*'|[^])$/ : /$/;
    return before.search(token);
  }
  const token = /(?:near |token: )"(.*?)"(?:,|:|$)/.exec(message)?.[1];
  const first = token ? sql.indexOf(token) : -1;
  // One that stands there more than once cannot be placed.
  return first < 0 || first !== sql.lastIndexOf(token!) ? undefined : first;
}

function textBefore(text: string, bytes: number): string {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, bytes));
}
