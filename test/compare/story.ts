// The comparison: the same stories, played on isopool and on what else there is, each used as its own documentation says.

export const LIBRARIES = ["isopool", "Drizzle", "Kysely", "@libsql/client", "Neon driver", "pg"] as const;
export type Library = (typeof LIBRARIES)[number];

/** How a story ended, and what was seen: the evidence. */
export interface Verdict {
  readonly isPassed: boolean;
  readonly seen: string;
}

/** Plays a story on one library; what it throws is a failure too. */
export type Play = () => Promise<Verdict>;

export interface Story {
  /** As it is called in the table: `thrown handler`. */
  readonly name: string;
  /** What a library must do to pass. */
  readonly passes: string;
  /** What it is played on. */
  readonly on: string;
  /** What is fair to say of those that fail. */
  readonly note?: string;
  /** A reason in place of a play: it does not apply. */
  readonly plays: Readonly<Record<Library, Play | string>>;
}

export function verdict(isPassed: boolean, seen: string): Verdict {
  return { isPassed, seen };
}

/** An error as its first line: `DbError: POOL_TIMEOUT: waited 5000 ms`. */
export function shown(error: unknown): string {
  const { name = "", message = String(error) } = (error ?? {}) as Partial<Error>;
  const [line = ""] = `${name}: ${message}`.split("\n");
  return line.length > 110 ? `${line.slice(0, 107)}…` : line;
}

/** What became of it: what it gave, what it threw, or nothing so far. */
export type Ending<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "waiting"; readonly forMs: number };

/** Waits for something, but not for ever. */
export async function within<T>(ms: number, work: Promise<T>): Promise<Ending<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Ending<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: "waiting", forMs: ms }), ms);
  });
  const settled = work.then(
    (value) => ({ kind: "done", value }) as const,
    (error: unknown) => ({ kind: "failed", error }) as const,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function endingShown(ending: Ending<unknown>): string {
  if (ending.kind === "failed") return shown(ending.error);
  return ending.kind === "done" ? "done" : `still waiting after ${ending.forMs / 1_000} s`;
}
