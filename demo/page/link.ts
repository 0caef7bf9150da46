// Where one is on the page, as its address says: a door, a view behind it, a table, a query to bring along, a database to open.

export const DOORS = [
  { id: "why", name: "Why" },
  { id: "watch", name: "Watch" },
  { id: "try", name: "Try" },
] as const;

export type Door = (typeof DOORS)[number]["id"];

export interface Place {
  readonly door: Door;
  /** Behind the door: `worker`, `rows`. */
  readonly view: string;
  /** Further down: a table's name. */
  readonly name: string;
  /** A query to put into the console. */
  readonly sql: string | undefined;
  /** The address of a database to open. */
  readonly open: string | undefined;
}

/** Views of the page as it was before it had doors: links to them still lead there. */
const FORMER: Readonly<Record<string, string>> = {
  sessions: "watch/sessions",
  worker: "watch/worker",
  context: "watch/context",
  console: "try/console",
  tables: "try/rows",
  files: "try/files",
};

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [door, view = "", ...name] = (FORMER[path] ?? path).split("/");
  const asked = new URLSearchParams(query);
  return {
    door: DOORS.find(({ id }) => id === door)?.id ?? "why",
    view,
    name: decode(name.join("/")),
    sql: asked.get("sql") ?? undefined,
    open: asked.get("open") ?? undefined,
  };
}

export function hashOf({ door, view = "", name = "" }: { door: Door; view?: string; name?: string }): string {
  return `#${[door, view, encodeURIComponent(name)].filter((part) => part !== "").join("/")}`;
}

/** The address of the console with a query in it. */
export function linkTo(sql: string): string {
  return new URL(`#try/console?${new URLSearchParams({ sql })}`, location.href).href;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
