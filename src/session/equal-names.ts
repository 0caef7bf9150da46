// Only lists of plain columns are read here, and only in texts without quotes and comments: what is not known for sure is the
// database's to say.

const OPAQUE = /['"`[]|--|\/\*/;
// The part behind the word that is no more than names, dots and commas.
const LIST = /(?:^\s*select|\sreturning)\s([\w\s.,]+)/i;
// PostgreSQL gives both truths one name, `bool` or `?column?` by its version.
const COLUMN = /^(?!(?:true|false)$)(?:[a-z_]\w*\.)*([a-z_]\w*)(?:\s+as\s+([a-z_]\w*))?$/i;

/** No text returns rows without one of these; writes return nothing without RETURNING. */
const ROWS = /\b(?:select|returning|values|table|pragma|show|explain|call|fetch|execute)\b/i;
const WRITE = /^\s*(?:insert|update|delete|replace|create|drop|alter)\b(?![^]*\breturning\b)/i;
const COMMENT = /--|\/\*/;
/** One column, and those of one table. In `a is distinct from b` the list goes on behind the word. */
const ONE = /^\s*select\s(?![^]*\sdistinct\s+from\s)(?:[^(),*'"`[]|\((?:[^()'"`[]*)\))*\sfrom\s/i;
const TABLE = /^\s*select\s+\*\s+from\s+[\w.]+(?:\s*(?:$|;)|\s+(?:where|order|limit)\s)/i;
// What has quotes stands behind such a list, or ahead of it: what ends in one cannot begin in a text that is quoted.
const SELECTED = /^\s*select\s([\w\s.,]+?)\sfrom\s/i;
const RETURNED = /^\s*(?:insert|update|delete|replace)\b[^]*\sreturning\s([\w\s.,]+?)[\s;]*$/i;

/** The name that two columns of a statement's rows have, if that can be seen in its text. */
export function equalNameIn(text: string): string | undefined {
  const names = namesIn(text);
  return names?.find((name, index) => names.indexOf(name) !== index);
}

/** False where the text shows that no two columns of its rows have one name. */
export function mayHaveEqualNames(text: string): boolean {
  if (!ROWS.test(text) || WRITE.test(text)) return false;
  if (COMMENT.test(text)) return true;
  if (ONE.test(text) || TABLE.test(text)) return false;
  const list = SELECTED.exec(text) ?? RETURNED.exec(text);
  const names = (list ? columnsIn(list[1]!) : namesIn(text))?.map((name) => name.toLowerCase());
  return !names || new Set(names).size < names.length;
}

function namesIn(text: string): string[] | undefined {
  const found = OPAQUE.test(text) ? null : LIST.exec(text);
  if (!found) return undefined;
  const [list = "", ...rest] = found[1]!.split(/\sfrom\s/i);
  const isWhole = rest.length > 0 || /^[\s;]*$/.test(text.slice(found.index + found[0].length));
  return isWhole ? columnsIn(list) : undefined;
}

function columnsIn(list: string): string[] | undefined {
  const columns = list.split(",").map((column) => COLUMN.exec(column.trim()));
  if (!columns.every((column) => column !== null)) return undefined;
  return columns.map(([, name, alias]) => alias ?? name!);
}
