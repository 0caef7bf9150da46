// What clients send, checked: nothing past here is unknown.

import { HttpError } from "./http.ts";

const MAX_BODY_BYTES = 16_384;
const MAX_LINES = 10;
const MAX_QUANTITY = 99;
/** The longest that an order may be told to dawdle inside its transaction: to be watched, not to be kept. */
const MAX_PAUSE_MS = 3_000;

export interface ProductQuery {
  readonly search: string;
  readonly category: string;
  readonly limit: number;
  /** The last id of the page before. */
  readonly after: number;
}

export interface OrderInput {
  readonly customerId: number;
  readonly lines: readonly { readonly productId: number; readonly quantity: number }[];
  readonly pauseMs: number;
}

/** Collects what is wrong, so that a client is told all of it at once. */
class Check {
  readonly #fields: Record<string, string> = {};

  integer(name: string, value: unknown, low: number, high: number): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= low && value <= high) return value;
    this.#fields[name] = `must be a whole number from ${low} to ${high}`;
    return low;
  }

  text(name: string, value: string, maxLength: number): string {
    if (value.length <= maxLength) return value;
    this.#fields[name] = `must have at most ${maxLength} characters`;
    return "";
  }

  wrong(name: string, why: string): void {
    this.#fields[name] = why;
  }

  end(): void {
    const names = Object.keys(this.#fields);
    if (names.length > 0)
      throw new HttpError(400, `These fields are invalid: ${names.join(", ")}.`, { fields: this.#fields });
  }
}

export function productQuery(params: URLSearchParams): ProductQuery {
  const check = new Check();
  const number = (name: string, fallback: number, low: number, high: number): number =>
    params.has(name) ? check.integer(name, Number(params.get(name) || NaN), low, high) : fallback;
  const query = {
    search: check.text("search", params.get("search")?.trim() ?? "", 100),
    category: check.text("category", params.get("category") ?? "", 100),
    limit: number("limit", 20, 1, 100),
    after: number("after", 0, 0, Number.MAX_SAFE_INTEGER),
  };
  check.end();
  return query;
}

/** @throws HttpError 400, 413 or 415. */
export async function orderInput(request: Request): Promise<OrderInput> {
  const body = await readObject(request);
  const check = new Check();
  const { lines } = body;
  const list = Array.isArray(lines) ? (lines as unknown[]) : [];
  if (list.length < 1 || list.length > MAX_LINES) check.wrong("lines", `must be a list of 1 to ${MAX_LINES}`);
  const input = {
    customerId: check.integer("customerId", body["customerId"], 1, Number.MAX_SAFE_INTEGER),
    lines: list.slice(0, MAX_LINES).map((line, at) => {
      const { productId, quantity } = Object(line) as Record<string, unknown>;
      return {
        productId: check.integer(`lines[${at}].productId`, productId, 1, Number.MAX_SAFE_INTEGER),
        quantity: check.integer(`lines[${at}].quantity`, quantity, 1, MAX_QUANTITY),
      };
    }),
    pauseMs: check.integer("pauseMs", body["pauseMs"] ?? 0, 0, MAX_PAUSE_MS),
  };
  if (new Set(input.lines.map(({ productId }) => productId)).size < input.lines.length)
    check.wrong("lines", "must name each product once");
  check.end();
  return input;
}

/** A body of JSON. Of that type alone: a page elsewhere cannot send it without asking first. */
async function readObject(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new HttpError(415, "Send JSON, as `content-type: application/json`.");
  const text = await readText(request);
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {}
  throw new HttpError(400, "The body is not a JSON object.");
}

/** A body, of which no more is read than is allowed. */
async function readText(request: Request): Promise<string> {
  const reader = request.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) return text;
    text += part.value;
    if (text.length <= MAX_BODY_BYTES) continue;
    await reader?.cancel();
    throw new HttpError(413, `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
}
