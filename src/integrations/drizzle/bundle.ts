// Migrations that are part of the program: Workers and browsers have no files to read them from.

/** One migration, as `readMigrationFiles()` of drizzle-orm gives it. */
export interface Migration {
  readonly sql: readonly string[];
  /** When it was made, in milliseconds since 1970. */
  readonly folderMillis: number;
  readonly hash: string;
  /** Of its folder; since drizzle-orm 1.0. */
  readonly name?: string;
}

/** `meta/_journal.json` of drizzle-kit before 1.0. */
export interface Journal {
  readonly entries: readonly { readonly idx: number; readonly when: number; readonly tag: string }[];
}

/** Texts of migrations by name: `m0000` as drizzle-kit bundles them, the file's name, or a path that ends with it. */
export type Texts = Readonly<Record<string, string>>;

/** Texts in the order of a journal. */
export function fromJournal(texts: Texts, { entries }: Journal): Promise<Migration[]> {
  const byName = new Map(Object.entries(texts).map(([key, text]) => [key.replace(/^.*\/|\.sql$/g, ""), text]));
  return Promise.all(
    entries.map(({ idx, when, tag }) => {
      const text = byName.get(tag) ?? byName.get(`m${String(idx).padStart(4, "0")}`);
      if (text === undefined) throw new TypeError(`Expected \`migrations\` to hold \`${tag}\` of the journal`);
      return toMigration(text, when);
    }),
  );
}

/** Texts of folders whose names begin with the time: `20260131120000_name`, or a path to `migration.sql` in it. */
export function fromFolders(texts: Texts): Promise<Migration[]> {
  const named = Object.entries(texts).map(([key, text]) => {
    const [name, ...digits] = /(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)[^/]*(?=\/migration\.sql$|$)/.exec(key) ?? [];
    if (name === undefined)
      throw new TypeError(`Expected a migration's name to begin with its time, 20260131120000, got \`${key}\``);
    const [year, month, ...rest] = digits.map(Number) as [number, number, ...number[]];
    return { name, text, time: Date.UTC(year, month - 1, ...rest) };
  });
  named.sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(named.map(async ({ name, text, time }) => ({ ...(await toMigration(text, time)), name })));
}

async function toMigration(text: string, folderMillis: number): Promise<Migration> {
  // As drizzle-kit computes it, so that either knows what the other has done.
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { sql: text.split("--> statement-breakpoint"), folderMillis, hash };
}
