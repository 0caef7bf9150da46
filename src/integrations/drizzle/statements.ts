// What a migration's text holds. drizzle-kit puts a breakpoint between statements; those written by hand may have none.

const COMMENT = /^(?:--|\/\*)/;
const MODIFIER = /^(?:create|or|replace|temp|temporary|constraint)$/;
const BODIED = /^(?:trigger|function|procedure)$/;
// A comment, a text or name in quotes, a text in dollars, a word, or any other character.
const TOKEN =
  /--[^\n]*|\/\*[^]*?(?:\*\/|$)|\be'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\$(\w*)\$[^]*?\$\1\$|[\w$]+|[^]/gi;

/** The statements of a text, without empty ones; a trigger with its statements is one. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let [start, first, depth] = [0, "", 0];
  const end = (at: number): void => {
    if (first) statements.push(text.slice(start, at).trim());
    [start, first, depth] = [at + 1, "", 0];
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === ";" && depth === 0) end(index);
    if (token === ";" || !token.trim() || COMMENT.test(token)) continue;
    const word = token.toLowerCase();
    first ||= word;
    // The actions of a PostgreSQL rule stand in parentheses.
    if (token === "(") depth++;
    if (token === ")" && depth > 0) depth--;
    // What it creates: other things may have a column of the name `begin`.
    if (first === "create" && !MODIFIER.test(word)) first = word;
    // The body of a trigger, or of a function in SQL: BEGIN … END, with CASE … END in it.
    if (!BODIED.test(first)) continue;
    if (word === "begin" || (word === "case" && depth > 0)) depth++;
    if (word === "end" && depth > 0) depth--;
  }
  end(text.length);
  return statements;
}

/** SQLite ignores these in a transaction, which migrations run in. Comments may stand ahead, as in files made by drizzle-kit. */
export function setsForeignKeys(statement: string): boolean {
  return /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*pragma\s+(?:\w+\s*\.\s*)?foreign_keys\s*[=(]/i.test(statement);
}
