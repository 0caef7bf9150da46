import { ProtocolFailure, StatementFailure } from "./failures.ts";
import { parametersOf, type Piece } from "./tokens.ts";
import type { WireStatement, WireValue } from "./wire.ts";

/** What the libsql addon binds and gives. */
export type EngineValue = null | bigint | number | string | Buffer;

/** A statement's values, one a parameter, as sqld's query.rs binds them. */
export function bind(piece: Piece, { args = [], named_args = [] }: WireStatement): EngineValue[] {
  if (args.length > 0 && named_args.length > 0) {
    throw new StatementFailure(
      "Specifying both positional and named arguments is not supported",
      "ARGS_BOTH_POSITIONAL_AND_NAMED",
    );
  }
  const names = parametersOf(piece);
  const given = args.length + named_args.length;
  if (given > names.length) throw mismatch(`too many parameters, expected ${names.length} found ${given}`);
  const byName = new Map(named_args.map(({ name, value }) => [name, value]));
  return names.map((name, index) => {
    const place = name?.startsWith("?") ? Number(name.slice(1)) - 1 : index;
    const value =
      name === undefined || name.startsWith("?") ? args[place] : (byName.get(name) ?? byName.get(name.slice(1)));
    if (value === undefined) throw mismatch(`value for parameter ${name ?? index + 1} not found`);
    return fromWire(value);
  });
}

function mismatch(message: string): StatementFailure {
  return new StatementFailure(`Arguments do not match SQL parameters: ${message}`, "ARGS_INVALID");
}

function fromWire(value: WireValue): EngineValue {
  switch (value.type) {
    case "null":
      return null;
    case "integer":
      return BigInt(value.value);
    case "float":
      return Number(value.value);
    case "text":
      return value.value;
    case "blob":
      return Buffer.from(value.base64, "base64");
    default:
      throw new ProtocolFailure("Value type not recognized");
  }
}

export function toWire(value: EngineValue | undefined): WireValue {
  if (value === null || value === undefined) return { type: "null" };
  if (typeof value === "bigint") return { type: "integer", value: String(value) };
  if (typeof value === "number") return { type: "float", value: Number.isFinite(value) ? value : null };
  if (typeof value === "string") return { type: "text", value };
  return { type: "blob", base64: Buffer.from(value).toString("base64").replace(/=+$/, "") };
}
