// Promise: a flight that is written as one piece says, message for message and byte for byte, what the driver would have written. Only
// how Bind says that all values and results are texts may differ: for each of them, or for all.

import { Connection } from "pg";
import { expect, test } from "vitest";
import { encode } from "../../../src/adapters/postgres/encoder.ts";
import type { Part } from "../../../src/adapters/postgres/part.ts";
import { seeded } from "../../kit/seeded.ts";

/** The driver's own end of the protocol, as far as it writes. */
interface Wire {
  parse(query: { text: string; name: string; types: number[] }): void;
  bind(config: { portal: string; statement: string; values: readonly (string | null)[]; binary: false }): void;
  describe(message: { type: "P"; name: string }): void;
  execute(config: { portal: string; rows: number }): void;
  close(message: { type: "P"; name: string }): void;
  query(text: string): void;
  flush(): void;
  sync(): void;
}

/** What the driver writes for the same. */
function writtenBy(segments: readonly (readonly Part[])[]): Buffer {
  const written: Uint8Array[] = [];
  const stream = {
    writable: true,
    on: () => undefined,
    once: () => undefined,
    write: (bytes: Uint8Array) => written.push(Buffer.from(bytes)),
  };
  const wire = new (Connection as unknown as new (config: object) => Wire)({ stream });
  for (const segment of segments) {
    const [only] = segment;
    if (segment.length === 1 && only?.kind === "run" && only.isMute && only.bound.values.length === 0) {
      wire.query(only.bound.text);
      continue;
    }
    for (const part of segment) write(part, wire);
    wire.sync();
  }
  return Buffer.concat(written);
}

function write(part: Part, wire: Wire): void {
  if (part.kind === "close") return wire.close({ type: "P", name: part.portal });
  const { portal = "", limit = 0 } = part;
  if (part.kind === "run") {
    const { text, values } = part.bound;
    wire.parse({ text, name: "", types: [] });
    wire.bind({ portal, statement: "", values, binary: false });
    if (!part.isMute) wire.describe({ type: "P", name: portal });
  }
  wire.execute({ portal, rows: limit });
  if (part.kind === "run" && part.isUrgent) wire.flush();
}

/** The messages, each with its letter; of a Bind, without the formats. */
function read(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const messages: string[] = [];
  for (let at = 0, length: number; at < buffer.length; at += 1 + length) {
    length = buffer.readInt32BE(at + 1);
    const body = buffer.subarray(at + 5, at + 1 + length);
    const letter = String.fromCodePoint(buffer[at]!);
    messages.push(letter + (letter === "B" ? textsOf(body) : body).toString("latin1"));
  }
  return messages;
}

function textsOf(body: Buffer): Buffer {
  let at = body.indexOf(0, body.indexOf(0) + 1) + 1;
  const names = body.subarray(0, at);
  const skipFormats = (): void => {
    const count = body.readUInt16BE(at);
    for (let format = 0; format < count; format++) expect(body.readInt16BE(at + 2 + 2 * format)).toBe(0);
    at += 2 + 2 * count;
  };
  skipFormats();
  const start = at;
  const values = body.readUInt16BE(at);
  at += 2;
  for (let value = 0; value < values; value++) at += 4 + Math.max(0, body.readInt32BE(at));
  const end = at;
  skipFormats();
  expect(at).toBe(body.length);
  return Buffer.concat([names, body.subarray(start, end)]);
}

const LETTERS = ["a", "é", "€", "𝄞", "\ud800", "'", "\\"];

function text(random: () => number): string {
  const length = random() < 0.1 ? 20_000 * random() : 100 * random();
  const isPlain = random() < 0.6;
  return Array.from({ length }, () => LETTERS[isPlain ? 0 : Math.floor(random() * LETTERS.length)]).join("");
}

function part(random: () => number): Part {
  const portal = random() < 0.5 ? "" : `p${Math.floor(random() * 100)}`;
  if (random() < 0.1) return { kind: "close", portal };
  if (random() < 0.2) return { kind: "fetch", portal, limit: Math.floor(random() * 2 ** 31) };
  const values = Array.from({ length: 4 * random() }, () => (random() < 0.2 ? null : text(random)));
  const [isMute, isUrgent] = [random() < 0.4, random() < 0.2];
  return {
    kind: "run",
    bound: { text: text(random), values },
    portal,
    limit: random() < 0.5 ? 0 : 100,
    isMute,
    isUrgent,
  };
}

test("500 random flights", () => {
  const random = seeded(7);
  for (let flight = 0; flight < 500; flight++) {
    const segments = Array.from({ length: 1 + 3 * random() }, () =>
      Array.from({ length: 1 + 3 * random() }, () => part(random)),
    );
    expect(read(encode(segments)), `flight ${flight}`).toEqual(read(writtenBy(segments)));
  }
});

test("as many values as PostgreSQL takes", () => {
  const values = Array.from({ length: 65_535 }, (_, at) => (at % 3 === 0 ? null : String(at)));
  const segments: Part[][] = [[{ kind: "run", bound: { text: "SELECT 1", values } }]];
  expect(read(encode(segments))).toEqual(read(writtenBy(segments)));
});

test("what was written stays as it was when more is written", () => {
  const first = encode([[{ kind: "run", bound: { text: "first", values: ["1"] } }]]);
  const copy = Buffer.from(first);
  encode([[{ kind: "run", bound: { text: "other", values: ["2"] } }]]);
  expect(copy.equals(first)).toBe(true);
});
