// Only lists of plain columns are read here, and only in texts without quotes and comments: what is not known for sure is the
// database's to say.

const OPAQUE = /['"`[]|--|\/\*/;
// The part behind the word that is no more than names, dots and commas.
const LIST = /(?:^\s*select|\sreturning)\s([\w\s.,]+)/i;
const COLUMN = /^(?:[a-z_]\w*\.)*([a-z_]\w*)(?:\s+as\s+([a-z_]\w*))?$/i;

/** The name that two columns of a statement's rows have, if that can be seen in its text. */
export function equalNameIn(text: string): string | undefined {
  const found = OPAQUE.test(text) ? null : LIST.exec(text);
  if (!found) return undefined;
  const [list = "", ...rest] = found[1]!.split(/\sfrom\s/i);
  const isWhole = rest.length > 0 || /^[\s;]*$/.test(text.slice(found.index + found[0].length));
  const columns = isWhole ? list.split(",").map((column) => COLUMN.exec(column.trim())) : [];
  if (!columns.every((column) => column !== null)) return undefined;
  const names = columns.map(([, name, alias]) => alias ?? name!);
  return names.find((name, index) => names.indexOf(name) !== index);
}
