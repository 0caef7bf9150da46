import type { StepOutcome } from "../../contract/adapter.ts";
import type { SqlValue, Statement } from "../../contract/statement.ts";
import { unread } from "../postgres/results.ts";
import type { Piece, WireOutcome } from "./wire.ts";
import { fromWireError } from "./wire-error.ts";

/** Adds what did not fit into the first message. */
export function join(outcomes: readonly WireOutcome[], piece: Piece): void {
  const { result } = outcomes[piece.at] as Extract<WireOutcome, { status: "done" }>;
  if ("rows" in piece) return void result.rows.push(...piece.rows);
  const row = result.rows.at(-1)!;
  row[piece.column] = append(row[piece.column], piece.part);
}

function append(before: unknown, part: string | Uint8Array): string | Uint8Array {
  if (before === null) return part;
  if (typeof part === "string") return (before as string) + part;
  const whole = new Uint8Array((before as Uint8Array).length + part.length);
  whole.set(before as Uint8Array);
  whole.set(part, (before as Uint8Array).length);
  return whole;
}

/** @param statement - what was asked, if it was a statement: its own parsers read here. */
export function toOutcome(outcome: WireOutcome, statement: Statement | undefined): StepOutcome {
  if (outcome.status === "skipped") return outcome;
  if (outcome.status === "failed") return { status: "failed", error: fromWireError(outcome.error) };
  const { rows, columnTypes = [] } = outcome.result;
  try {
    columnTypes.forEach((oid, column) => {
      const parse = statement?.parsers?.[oid];
      if (parse) for (const row of rows) if (row[column] !== null) row[column] = parse(row[column] as string);
    });
  } catch (error) {
    return { status: "failed", error: unread(error, statement!.text) };
  }
  return { status: "done", result: { ...outcome.result, rows: rows as SqlValue[][] } };
}
