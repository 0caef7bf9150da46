import type { Piece, WireOutcome } from "../../adapters/hosted/wire.ts";
import { toWireError } from "../../adapters/hosted/wire-error.ts";
import type { StepOutcome } from "../../contract/adapter.ts";
import { DbError } from "../../errors.ts";

const MIB = 2 ** 20;
/** How much one message takes, about: the platform allows 32 MiB. */
const MOST_BYTES = 8 * MIB;

/** What came back, in messages: the first has what fits, the others are asked for one by one. */
export class Parcel {
  readonly outcomes: WireOutcome[];
  readonly pieces: Piece[] = [];
  #room = MOST_BYTES;

  constructor(outcomes: readonly StepOutcome[]) {
    this.outcomes = outcomes.map((outcome, at) => this.#pack(outcome, at));
  }

  #pack(outcome: StepOutcome, at: number): WireOutcome {
    if (outcome.status === "failed") return { status: "failed", error: toWireError(outcome.error) };
    if (outcome.status === "skipped") return outcome;
    const { result } = outcome;
    const before = this.pieces.length;
    try {
      return {
        status: "done",
        result: { ...result, columns: [...result.columns], rows: this.#packRows(result.rows, at) },
      };
    } catch (cause) {
      this.pieces.length = before;
      return { status: "failed", error: toWireError(unsendable(cause)) };
    }
  }

  /** @returns the rows of the first message. */
  #packRows(all: readonly (readonly unknown[])[], at: number): unknown[][] {
    const first: unknown[][] = [];
    let rows = first;
    for (const row of all) {
      const bytes = row.reduce<number>((sum, value) => sum + sizeOf(value), 0);
      if (bytes > this.#room) {
        rows = [];
        this.pieces.push({ at, rows });
        this.#room = MOST_BYTES;
      }
      this.#room -= bytes;
      if (bytes <= MOST_BYTES) rows.push(row.map(exact));
      else rows.push(this.#cut(row, at));
    }
    return first;
  }

  /** Takes the large values out of a row: they follow in parts. */
  #cut(row: readonly unknown[], at: number): unknown[] {
    return row.map((value, column) => {
      if (sizeOf(value) < MIB) return exact(value);
      if (typeof value !== "string" && !isBytes(value)) {
        if (sizeOf(value) < 3 * MOST_BYTES) return value;
        throw new TypeError("Expected JSON and lists of less than 24 MiB: cast them to text");
      }
      const step = typeof value === "string" ? MOST_BYTES / 2 : MOST_BYTES;
      for (let from = 0; from < value.length; from += step)
        this.pieces.push({ at, column, part: value.slice(from, from + step) });
      return null;
    });
  }
}

function unsendable(cause: unknown): DbError {
  const message = "the statement ran, but its result cannot leave the pool host: see `cause`";
  const details = { kind: "other", sql: "", dialectCode: undefined } as const;
  return new DbError("QUERY_FAILED", message, details, { cause, outcome: "executed" });
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

// Of a part of a buffer, the whole buffer would travel, and whatever else is in it.
function exact(value: unknown): unknown {
  return isBytes(value) && value.byteLength !== value.buffer.byteLength ? value.slice() : value;
}

/** What a value takes in a message, or more. @throws TypeError for what cannot be in one. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return 2 * value.length + 8;
  if (isBytes(value)) return value.byteLength + 16;
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + sizeOf(each), 8);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.entries(value).reduce((sum, [name, each]) => sum + 2 * name.length + 8 + sizeOf(each), 8);
  if (value === null || value instanceof Date || !/object|function|symbol/.test(typeof value)) return 16;
  throw new TypeError(
    "Expected parsers of the pool host to return plain data: for other values, use those of a statement",
  );
}
