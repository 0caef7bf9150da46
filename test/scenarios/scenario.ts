// What a scenario is: a small program that writes down who is current at its places, and what it should have written.

/** A context provider, reduced to one value. */
export interface Ambient {
  run<T>(value: string, work: () => T): T;
  /** `null`: nobody is current. */
  get(): string | null;
}

export interface Scenario {
  readonly name: string;
  readonly expected: unknown;
  /** Whether the platform has what it is about. */
  readonly isPossible?: () => boolean;
  play(on: Ambient): unknown;
}
