// What the matrix is played on: a server that does what is asked of it, and a database of ours there.

/** How a unit of work ends: `refused` commits what the database cannot keep. */
export type Ending = "commit" | "rollback" | "refused";

/** What its caller was told. `gone`: nothing, for the caller has left. */
export type Told = "done" | "own error" | "unknown" | "gone" | `failed: ${string}`;

/** A database of ours, which a case has for itself. */
export interface Subject {
  /** @param signal - aborts it; undefined where nothing does. */
  work(ending: Ending, signal?: AbortSignal): Promise<Told>;
  /** What is not at rest there, in words. */
  busy(): Promise<string[]> | string[];
  dispose(): Promise<void>;
}

/** Opens databases at a server. */
export interface Opener {
  /** Nothing of it is open yet. */
  open(): Subject;
  stop?(): Promise<void>;
}

/** Something that goes wrong, once. */
export interface Action {
  readonly name: string;
  /** What its places are: each message, each statement, each upgrade. */
  readonly at: string;
  /** As the server is told, without its place. */
  readonly fault: object;
  /** What happens once it has: nothing comes then, so somebody has to give up. */
  readonly next?: "abort" | "deadline";
}

/** A server with a table `goods (n)`. */
export interface Stage extends Pick<Opener, "open"> {
  /** How many places there were since the last call, by their kind. */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** Something goes wrong at the place behind so many. */
  fail(fault: object, after: number): Promise<void>;
  /** Resolves with the next fault that happens, and with `clear()`. */
  met(): Promise<void>;
  /** Sets the clock of the databases to their deadlines. */
  passDeadlines(): void;
  clear(): Promise<void>;
  /** What is stored, in order, read past the database once nothing is under way; then nothing is stored. */
  take(): Promise<number[]>;
  /** What is open at the server, in words. */
  leaks(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface Transport {
  readonly name: string;
  readonly actions: readonly Action[];
  readonly endings: readonly Ending[];
  /** Of the numbers 1 to 4: what is stored of a unit of work that was committed. */
  readonly all: readonly number[];
  /** What is told as unknown, and is not there, may come with the next commit: it was done in memory. */
  readonly isLate?: boolean;
  /** Of the sample that `npm test` plays: not more than so many, spread evenly over the places. Default: all. */
  readonly most?: number;
  /** `undefined`: there is none for this machine. */
  readonly start: (() => Promise<Stage>) | undefined;
}

/** Each action, and for those that keep an answer back: by deadline, and by an abort. */
export function actionsOf(at: string, names: Readonly<Record<string, object>>): Action[] {
  return Object.entries(names).flatMap(([name, fault]): Action[] => {
    if (!name.includes("hang")) return [{ name, at, fault }];
    return [
      { name, at, fault, next: "deadline" },
      { name: `${name}, aborted`, at, fault, next: "abort" },
    ];
  });
}
