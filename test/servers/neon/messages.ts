// The frames of PostgreSQL's protocol 3.0: https://www.postgresql.org/docs/18/protocol-message-formats.html

export interface Message {
  /** Its letter; `*` for what comes before the first letter: startup, cancel and TLS requests. */
  readonly type: string;
  /** What follows the length. */
  readonly body: Buffer;
  /** All of it, as it came. */
  readonly raw: Buffer;
}

/** Cuts a stream of bytes into messages. */
export class MessageReader {
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #hasLetter: boolean;

  /** @param startsWithLetter - false at a server, whose first message has none. */
  constructor(startsWithLetter: boolean) {
    this.#hasLetter = startsWithLetter;
  }

  /** The messages that are complete now. */
  read(chunk: Buffer): Message[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const messages: Message[] = [];
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    return messages;
  }

  /** What came and is no whole message yet. */
  get rest(): Buffer {
    return this.#join();
  }

  /** The next message that came before a letter was told to be there: after a TLS request, say. */
  expectNoLetter(): void {
    this.#hasLetter = false;
  }

  #next(): Message | undefined {
    const head = this.#hasLetter ? 1 : 0;
    if (this.#size < head + 4) return undefined;
    if (this.#chunks[0]!.length < head + 4) this.#join();
    const first = this.#chunks[0]!;
    const length = head + first.readInt32BE(head);
    if (this.#size < length) return undefined;
    const bytes = this.#join();
    const raw = bytes.subarray(0, length);
    this.#chunks[0] = bytes.subarray(length);
    this.#size -= length;
    const type = this.#hasLetter ? String.fromCharCode(raw[0]!) : "*";
    this.#hasLetter = true;
    return { type, body: raw.subarray(head + 4), raw };
  }

  #join(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks.splice(0, Infinity, Buffer.concat(this.#chunks));
    return this.#chunks[0]!;
  }
}

/** A message of its letter (none for `*`), its length and these parts; texts end with a zero. */
export function encode(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`) : part)));
  return Buffer.concat([Buffer.from(type === "*" ? "" : type), int32(4 + body.length), body]);
}

export function int16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [at, value] of values.entries()) bytes.writeInt16BE(value, 2 * at);
  return bytes;
}

export function int32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeInt32BE(value, 4 * at);
  return bytes;
}

/** Texts that end with a zero each, up to an empty one. */
export function texts(body: Buffer): string[] {
  const all = body.toString().split("\0");
  const end = all.indexOf("");
  return end < 0 ? all : all.slice(0, end);
}

/** SQL text of a Query or a Parse message. */
export function sqlOf({ type, body }: Message): string | undefined {
  if (type === "Q") return body.toString("utf8", 0, body.indexOf(0));
  if (type !== "P") return undefined;
  const start = body.indexOf(0) + 1;
  return body.toString("utf8", start, body.indexOf(0, start));
}

/** The same, with another SQL text, if it is a Query or a Parse. */
export function withText(message: Message, replace: (text: string) => string): Message {
  const { type, body } = message;
  const text = sqlOf(message);
  const other = text === undefined ? undefined : replace(text);
  if (text === other) return message;
  const start = type === "Q" ? 0 : body.indexOf(0) + 1;
  const rest = body.subarray(body.indexOf(0, start) + 1);
  const raw = encode(type, body.subarray(0, start), other!, rest);
  return { type, body: raw.subarray(5), raw };
}

/** Fields of an ErrorResponse by their letters: https://www.postgresql.org/docs/18/protocol-error-fields.html */
export function errorFields({ body }: Message): Record<string, string> {
  return Object.fromEntries(texts(body).map((text) => [text[0]!, text.slice(1)]));
}

export function errorResponse(message: string, code: string): Buffer {
  return encode("E", "SERROR", `C${code}`, `M${message}`, Buffer.of(0));
}
