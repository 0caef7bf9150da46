// What is said about a statement: an operation, its tables, a summary of few different values, and the text without literals.

/** What the conventions ask of a statement. */
export interface Described {
  /** `"SELECT"` */
  readonly operation: string;
  /** Tables in order: `["item"]`. */
  readonly collections: readonly string[];
  /** `"SELECT item"`, for names of spans. */
  readonly summary: string;
  /** The text with `?` for literals. */
  readonly text: string;
}

const MAX_SUMMARY = 255;
/** Nobody reads more, and reading it would hold up the flight. */
const MAX_TEXT = 4096;
// Strings, numbers and comments may hold the user's values; quoted names, which are matched first, and placeholders do not.
const LITERAL =
  /"[^"]*(?:"|$)|`[^`]*(?:`|$)|--[^\n]*|\/\*[^]*?(?:\*\/|$)|\b[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|\$([a-z_\x80-\uffff]\w*)?\$[^]*?(?:\$\1\$|$)|(?<![\w$?:@.])\.?\d[\w.]*/gi;
/** By dialect, what is to be hidden besides. Comments nest in PostgreSQL: in those that do twice, all that follows is hidden. */
const LITERALS = {
  postgres: new RegExp(
    String.raw`\/\*(?:(?!\/\*|\*\/)[^]|\/\*(?:(?!\/\*|\*\/)[^])*\*\/)*(?:\*\/|\/\*[^]*|$)|${LITERAL.source}`,
    "gi",
  ),
  // `[it's]` is a name in SQLite, and `['it''s']` a list elsewhere: what is read wrongly from here on would show values.
  other: new RegExp(String.raw`\[(?=[^\][]*['"\x60])[^]*|${LITERAL.source}`, "gi"),
};
const TABLE =
  /\b(?:FROM|JOIN|INTO|UPDATE|TABLE(?:\s+IF\s+(?:NOT\s+)?EXISTS)?)\s+((?:"[^"]*"|`[^`]*`|\[[^\]]*\]|[\w$.\x80-\uffff])+)/gi;
const CONTROL = /^(begin|commit|rollback|savepoint|release|rollback-to)(?: \S+)?$/;
const OUTERMOST = /^(?:begin|commit|rollback)$/;
const NO_TABLE = /^(SELECT|SET|ONLY|LATERAL|UNNEST)$/i;

/** Describes one text. */
export function describe(source: string, isPostgres = false): Described {
  const control = CONTROL.exec(source)?.[1];
  if (control) {
    const operation = control.replace("-", " ").toUpperCase();
    return { operation, collections: [], summary: operation, text: operation };
  }
  const text = source
    .slice(0, MAX_TEXT)
    .replace(LITERALS[isPostgres ? "postgres" : "other"], toShown)
    .trim();
  const [, first = "", behind] = /^\W*(\w+)(?:[^]*?\)\s*(SELECT|INSERT|UPDATE|DELETE|MERGE)\b)?/i.exec(text) ?? [];
  const operation = (/^WITH$/i.test(first) && behind ? behind : first).toUpperCase();
  const tables = Array.from(text.matchAll(TABLE), ([, name = ""]) => name.replace(/["`[\]]/g, ""));
  const collections = [...new Set(tables)].filter((name) => !NO_TABLE.test(name));
  return { operation, collections, summary: cut([operation, ...collections].join(" ")), text };
}

function toShown(found: string): string {
  if (/^["`]/.test(found)) return found;
  return /^(--|\/\*)/.test(found) ? " " : "?";
}

/** The attributes of a flight: of its statements, and only if it has none, of its BEGIN or COMMIT, or else of a savepoint. */
export function describeAll(statements: readonly string[], isPostgres = false): Described & { readonly size: number } {
  const asked = statements.filter((text) => !CONTROL.test(text));
  const control = statements.find((text) => OUTERMOST.test(text)) ?? statements[0]!;
  const all = (asked.length > 0 ? asked : [control]).map((each) => describe(each, isPostgres));
  const text = statements.map((each) => describe(each, isPostgres).text).join("; ");
  const [one] = all;
  if (all.length === 1) return { ...one!, text, size: 1 };
  const collections = [...new Set(all.flatMap((each) => each.collections))];
  const isAlike = all.every(({ operation }) => operation === one?.operation);
  const operation = isAlike ? `BATCH ${one?.operation ?? ""}`.trim() : "BATCH";
  const summary = cut(`BATCH ${[...new Set(all.map((each) => each.summary))].join("; ")}`);
  return { operation, collections, summary, text, size: all.length };
}

/** Not in the middle of a name: half of one is another. */
function cut(summary: string): string {
  if (summary.length <= MAX_SUMMARY) return summary;
  return summary.slice(0, Math.max(summary.lastIndexOf(" ", MAX_SUMMARY), 1));
}
