import { encode } from "./encoder.ts";
import type { Part } from "./part.ts";
import type { RawRows } from "./results.ts";
import type { Answering, RawField, ServerError, Submittable, Wire } from "./wire.ts";

export type { Part } from "./part.ts";

export type PartOutcome =
  | { readonly status: "done"; readonly result: RawRows; readonly hasMore: boolean }
  | { readonly status: "failed"; readonly error: ServerError }
  | { readonly status: "skipped" };

/** What became of a pipeline: a list for each segment, with an outcome for each part but those that close. */
export type Answer = PartOutcome[][];

const SKIPPED: PartOutcome = { status: "skipped" };

/**
 * Several statements on their way together, up to one Sync a segment: within a segment the first failure skips the rest, and
 * without BEGIN a segment is all or nothing. The driver's line of queries ends a query with each Sync, so it is given the
 * same object again for each segment; all is written at its first turn.
 */
export class Pipeline implements Submittable, Answering {
  readonly answer: Promise<Answer>;
  hasBegun = false;
  /** What the server has refused last: why it ended the connection, if it did. */
  failure: ServerError | undefined;
  readonly #segments: readonly (readonly Part[])[];
  readonly #outcomes: Answer;
  #isWritten = false;
  #segment = 0;
  #fields: readonly RawField[] = [];
  #rows: (readonly (string | null)[])[] = [];
  #resolve!: (answer: Answer) => void;
  #reject!: (error: unknown) => void;

  constructor(segments: readonly (readonly Part[])[]) {
    this.#segments = segments;
    this.#outcomes = segments.map(() => []);
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(wire: Wire): void {
    if (this.#isWritten) return;
    this.#isWritten = true;
    if (wire.stream.writable) wire.stream.write(encode(this.#segments));
  }

  handleRowDescription({ fields }: { readonly fields: readonly RawField[] }): void {
    this.#fields = fields;
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rows.push(fields);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const words = text.split(" ");
    // The last one is a number, as in `INSERT 0 1`, or there is none.
    this.#done(words[0]!, Number(words.at(-1)) || 0, false);
  }

  handleEmptyQuery(): void {
    this.#done("", 0, false);
  }

  handlePortalSuspended(): void {
    this.#done("SELECT", 0, true);
  }

  /**
   * The end of a segment. The connection tells of it, in the order of the messages; the driver's line does so too late.
   *
   * @returns whether there are more; `undefined`: it was not one of its segments.
   */
  onReady(): boolean | undefined {
    // It may be that of a query that a user has given to the driver.
    if (!this.#isWritten) return undefined;
    const outcomes = this.#outcomes[this.#segment]!;
    const length = this.#length;
    // What is still missing was skipped, behind a failure.
    while (outcomes.length < length) outcomes.push(SKIPPED);
    this.hasBegun = true;
    const hasMore = ++this.#segment < this.#segments.length;
    if (!hasMore) this.#resolve(this.#outcomes);
    return hasMore;
  }

  handleReadyForQuery(): void {}

  /** An error of the server's; the driver also tells here that the connection was lost, which its owner sees by himself. */
  handleError(error: unknown): void {
    const failure = error as ServerError;
    if (!failure.severity || this.#segment >= this.#segments.length) return;
    this.failure = failure;
    const outcomes = this.#outcomes[this.#segment]!;
    // Outside of a transaction, what is put off to its end fails when the segment ends: all of it is done, and is taken back.
    if (outcomes.length === this.#length) outcomes.pop();
    outcomes.push({ status: "failed", error: failure });
    this.#fields = this.#rows = [];
  }

  // Refused at the start: COPY cannot be seen inside of a function, and there it is not allowed either.
  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  fail(error: unknown): void {
    this.#reject(error);
  }

  /** A close is not reported. */
  get #length(): number {
    let length = 0;
    for (const { kind } of this.#segments[this.#segment]!) if (kind !== "close") length++;
    return length;
  }

  #done(command: string, count: number, hasMore: boolean): void {
    const result = { fields: this.#fields, rows: this.#rows, command, count };
    this.#outcomes[this.#segment]!.push({ status: "done", result, hasMore });
    this.hasBegun = true;
    this.#fields = this.#rows = [];
  }
}
