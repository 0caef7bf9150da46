// What Neon's proxy does to the start of a session: proxy/src/proxy/mod.rs, compute/mod.rs and stream.rs of neondatabase/neon.

import { randomBytes } from "node:crypto";
import { PROTOCOL } from "./backend.ts";
import { wrongPassword } from "./failures.ts";
import { encode, errorFields, errorResponse, type Message, MessageReader, texts } from "./messages.ts";

/** Passed on; all else, timeouts too, is dropped without a word. */
const PASSED = new Set(["user", "database", "application_name", "replication"]);
const NEONS_OWN = /^(endpoint|project|neon_[^=:]*)[=:]/;

/** What PostgreSQL gave to cancel by, and what the client was told instead. */
export interface CancelKey {
  readonly pid: Buffer;
  readonly secret: Buffer;
}

/** The parameters of a startup message. */
export function startupParameters({ body }: Message): Record<string, string> {
  const words = texts(body.subarray(4));
  const pairs = words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ""]] : []));
  return Object.fromEntries(pairs) as Record<string, string>;
}

export function filterStartup(parameters: Readonly<Record<string, string>>): Buffer {
  const passed = Object.entries(parameters).filter(([name]) => PASSED.has(name));
  const options = (parameters["options"] ?? "").split(/\s+/).filter((word) => word !== "" && !NEONS_OWN.test(word));
  if (options.length > 0) passed.push(["options", options.join(" ")]);
  return encode("*", PROTOCOL, "client_encoding", "UTF8", ...passed.flat(), Buffer.of(0));
}

/** Rewrites what PostgreSQL says up to its first ReadyForQuery: every error becomes XX000, and the key is the proxy's own. */
export class StartupAnswers {
  readonly #reader = new MessageReader(true);
  readonly #user: string;
  readonly #onKey: (told: string, key: CancelKey) => void;
  #isOver = false;

  constructor(user: string, onKey: (told: string, key: CancelKey) => void) {
    this.#user = user;
    this.#onKey = onKey;
  }

  rewrite(chunk: Buffer): Buffer {
    if (this.#isOver) return chunk;
    const out: Buffer[] = [];
    for (const message of this.#reader.read(chunk)) {
      out.push(this.#isOver ? message.raw : this.#answer(message));
      this.#isOver ||= message.type === "Z";
    }
    if (this.#isOver) out.push(this.#reader.rest);
    return Buffer.concat(out);
  }

  #answer(message: Message): Buffer {
    if (message.type === "E") {
      const { C: code, M: text = "" } = errorFields(message);
      return errorResponse(code === "28P01" || code === "28000" ? wrongPassword(this.#user) : text, "XX000");
    }
    if (message.type !== "K") return message.raw;
    const told = randomBytes(8);
    // A pid is not negative.
    told[0]! &= 0x7f;
    this.#onKey(told.toString("hex"), { pid: message.body.subarray(0, 4), secret: message.body.subarray(4) });
    return encode("K", told);
  }
}
