// What a visitor has chosen for the stories, and their code with these very values in it.

export interface Chosen {
  /** How many begin at the same moment. */
  readonly sessions: number;
  /** How long the application does something else inside a session, in milliseconds. */
  readonly thinkMs: number;
}

export const LIMITS = {
  sessions: { least: 1, most: 24, step: 1 },
  thinkMs: { least: 50, most: 2_000, step: 50 },
} as const satisfies Record<keyof Chosen, object>;

export const USUAL: Chosen = { sessions: 6, thinkMs: 150 };

/** Without the imports, which say nothing about sessions, and with values where the file has the names of what is chosen. */
export function codeWith(file: string, chosen: Readonly<Record<string, number>>, from = "export "): string {
  return file
    .slice(Math.max(file.indexOf(from), 0))
    .trimEnd()
    .replace(/, chosen: (\w+|\{[^}]*\})/, "")
    .replaceAll(/\bchosen\.(\w+)/g, (name, key: string) => String(chosen[key] ?? name));
}
