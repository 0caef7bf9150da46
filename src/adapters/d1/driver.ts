// What is used of a D1 binding: a `D1Database`, or a `D1DatabaseSession`.

/** A `D1Database`. */
export interface D1Binding extends D1Handle {
  /** Absent in runtimes from before 2025. */
  withSession?(constraint?: string): D1Handle;
}

/** What takes statements. */
export interface D1Handle {
  prepare(text: string): D1Statement;
  batch(statements: never[]): Promise<readonly object[]>;
  /** Of a session alone. */
  getBookmark?(): string | null;
}

export interface D1Statement {
  bind(...values: unknown[]): D1Statement;
  raw(options: never): Promise<readonly unknown[]>;
}

/** One of what `batch()` gives. */
export interface D1Answer {
  /** Absent where there are none. */
  readonly results?: readonly Readonly<Record<string, unknown>>[];
}
