// Which tables a statement may touch: more than it does, never less. By every name in its text, with quotes or without, and by
// what the schema adds: triggers, keys that cascade, views, and the tables behind virtual ones.

/** Everything that a write may reach, or a view may read. */
export const SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name";

const NAME =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?(?:\*\/|$)|[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/g;
/** What SQLite keeps by itself, and functions that speak of the statement before. */
const UNKNOWN = /^(?:sqlite_.*|pragma_.*|dbstat|changes|total_changes|last_insert_rowid)$/;

/** Names in a text, in small letters. */
function namesIn(text: string): Set<string> {
  const names = new Set<string>();
  for (const [token] of text.matchAll(NAME))
    if (!/^(?:--|\/\*)/.test(token)) names.add((/^['"`[]/.test(token) ? token.slice(1, -1) : token).toLowerCase());
  return names;
}

interface Thing {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly names: Set<string>;
  readonly isVirtual: boolean;
}

/**
 * Whether one of the writes may change what a query reads.
 *
 * @param schema - rows of `SCHEMA`.
 */
export function reaches(writes: readonly string[], query: string, schema: readonly (readonly unknown[])[]): boolean {
  const things = schema.map(toThing);
  const known = new Set(things.map(({ name }) => name));
  const read = namesIn(query);
  if ([...read].some((name) => UNKNOWN.test(name))) return true;
  const written = new Set(writes.flatMap((text) => [...namesIn(text)]).filter((name) => known.has(name)));
  grow(written, known, things, ({ type, name, table, names }) => {
    // A trigger of a table that is written, a table with a key to it, the tables of a virtual one.
    if (type === "trigger") return written.has(table) ? names : undefined;
    if (type === "view") return written.has(name) ? names : undefined;
    const isOf = things.some(
      (other) => other.isVirtual && written.has(other.name) && name.startsWith(`${other.name}_`),
    );
    return isOf || [...names].some((each) => written.has(each)) ? new Set([name]) : undefined;
  });
  grow(read, known, things, ({ type, name, names, isVirtual }) =>
    read.has(name) && (type === "view" || isVirtual) ? names : undefined,
  );
  return [...read].some((name) => written.has(name));
}

function toThing([type, name, table, sql]: readonly unknown[]): Thing {
  const text = String(sql);
  return {
    type: String(type),
    name: String(name).toLowerCase(),
    table: String(table).toLowerCase(),
    names: namesIn(text),
    isVirtual: /^\s*CREATE\s+VIRTUAL\b/i.test(text),
  };
}

/** Adds what follows from what is there, until nothing is added: names that the schema knows. */
function grow(
  set: Set<string>,
  known: ReadonlySet<string>,
  things: readonly Thing[],
  follow: (thing: Thing) => ReadonlySet<string> | undefined,
): void {
  let size: number;
  do {
    size = set.size;
    for (const thing of things) for (const name of follow(thing) ?? []) if (known.has(name)) set.add(name);
  } while (set.size > size);
}
