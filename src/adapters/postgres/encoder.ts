// What a client says to PostgreSQL, as one piece of bytes for a whole flight: the driver's own would write each message by itself, twenty
// of them where a session begins, and a write costs more than all that is in it.
// Source: https://www.postgresql.org/docs/current/protocol-message-formats.html

import type { Part } from "./part.ts";

/** Letters of the messages. */
const [PARSE, BIND, DESCRIBE, EXECUTE, CLOSE, FLUSH, SYNC, QUERY] = [80, 66, 68, 69, 67, 72, 83, 81];
const PORTAL = 80;

/** Every flight is written in here; one that is longer goes on in bytes of its own. */
const scratch = new Uint8Array(16_384);

/** From this length on the engine's own encoder is faster. */
const LONG = 64;
const utf8 = new TextEncoder();

/**
 * Writes segments, each with a Sync at its end.
 *
 * @example
 * encode([[{ kind: "run", bound: { text: "BEGIN", values: [] } }]]); // Parse, Bind, Describe, Execute, Sync
 */
export function encode(segments: readonly (readonly Part[])[]): Uint8Array {
  const writer = new Writer();
  for (const segment of segments) writer.segment(segment);
  return writer.bytes();
}

class Writer {
  #bytes = scratch;
  #at = 0;

  /** A copy: what a socket has not sent yet, nobody may change. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  segment(segment: readonly Part[]): void {
    const [only] = segment;
    // One message instead of four, answered by two instead of four: COMMIT, mostly.
    if (segment.length === 1 && only?.kind === "run" && only.isMute && only.bound.values.length === 0)
      return this.#query(only.bound.text);
    for (const part of segment) this.#part(part);
    this.#bare(SYNC);
  }

  #part(part: Part): void {
    if (part.kind === "close") return this.#portal(CLOSE, part.portal);
    const { portal = "", limit = 0 } = part;
    if (part.kind === "run") {
      this.#parse(part.bound.text);
      this.#bind(portal, part.bound.values);
      if (part.isMute !== true) this.#portal(DESCRIBE, portal);
    }
    const start = this.#begin(EXECUTE);
    this.#name(portal);
    this.#int32(limit);
    this.#end(start);
    if (part.kind === "run" && part.isUrgent) this.#bare(FLUSH);
  }

  #bare(letter: number): void {
    this.#end(this.#begin(letter));
  }

  #query(text: string): void {
    const start = this.#begin(QUERY);
    this.#name(text);
    this.#end(start);
  }

  #parse(text: string): void {
    const start = this.#begin(PARSE);
    this.#name("");
    this.#name(text);
    this.#int16(0);
    this.#end(start);
  }

  /** All values are texts, and so are the results. */
  #bind(portal: string, values: readonly (string | null)[]): void {
    const start = this.#begin(BIND);
    this.#name(portal);
    this.#name("");
    this.#int16(0);
    this.#int16(values.length);
    for (const value of values) this.#value(value);
    this.#int16(0);
    this.#end(start);
  }

  #value(value: string | null): void {
    const at = this.#at;
    this.#int32(-1);
    if (value === null) return;
    this.#text(value);
    this.#putLength(at, this.#at - at - 4);
  }

  #portal(letter: number, name: string): void {
    const start = this.#begin(letter);
    this.#room(1);
    this.#bytes[this.#at++] = PORTAL;
    this.#name(name);
    this.#end(start);
  }

  /** @returns where the length is written, once it is known. */
  #begin(letter: number): number {
    this.#room(5);
    this.#bytes[this.#at] = letter;
    this.#at += 5;
    return this.#at - 4;
  }

  #end(start: number): void {
    this.#putLength(start, this.#at - start);
  }

  #name(text: string): void {
    this.#text(text);
    this.#room(1);
    this.#bytes[this.#at++] = 0;
  }

  #text(text: string): void {
    const { length } = text;
    this.#room(3 * length);
    let at = this.#at;
    if (length < LONG) {
      const bytes = this.#bytes;
      let index = 0;
      for (let char: number; index < length && (char = text.charCodeAt(index)) < 128; index++) bytes[at++] = char;
      if (index === length) {
        this.#at = at;
        return;
      }
    }
    at = this.#at;
    this.#at = at + utf8.encodeInto(text, this.#bytes.subarray(at)).written;
  }

  #int16(value: number): void {
    this.#room(2);
    this.#bytes[this.#at++] = value >> 8;
    this.#bytes[this.#at++] = value;
  }

  #int32(value: number): void {
    this.#room(4);
    this.#putLength(this.#at, value);
    this.#at += 4;
  }

  #putLength(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >> 24;
    bytes[at + 1] = value >> 16;
    bytes[at + 2] = value >> 8;
    bytes[at + 3] = value;
  }

  #room(count: number): void {
    const wanted = this.#at + count;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
