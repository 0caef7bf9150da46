import type { MaybePromise } from "../../contract/adapter.ts";
import { platformRefusal } from "../shared/platform.ts";
import { uncached } from "../shared/uncached.ts";
import { failed, unknown } from "./errors.ts";
import { toHttpError } from "./refusal.ts";
import type { Fetch, FetchResponse } from "./wire.ts";

export type Token = string | (() => MaybePromise<string>) | undefined;

/** Posts to a server, with the token of the moment, and says what became of what got no answer. */
export class Sender {
  readonly #fetch: Fetch | undefined;
  readonly #source: Token;
  /** The token as of now. */
  #token: string | undefined;

  constructor(fetch: Fetch | undefined, token: Token) {
    this.#fetch = fetch;
    this.#source = token;
  }

  /**
   * Posts a body.
   *
   * @param hasBaton - whether it goes on with a stream; without one, an answer of 404 is given back.
   * @throws DbError by status, with `outcome` told.
   */
  async post(url: string, body: string, hasBaton: boolean, signal: AbortSignal): Promise<FetchResponse> {
    for (let isFirst = true; ; isFirst = false) {
      this.#token ??= await this.#askToken();
      const response = await this.#send(url, body, signal);
      const { status } = response;
      if (status === 200 || (status === 404 && !hasBaton)) return response;
      if (status !== 401 || !isFirst || typeof this.#source !== "function")
        throw await this.refusal(response, hasBaton);
      this.#token = undefined;
      await response.text().catch(() => "");
    }
  }

  /** The error for an answer other than 200. */
  async refusal(response: FetchResponse, hasBaton: boolean): Promise<unknown> {
    return toHttpError(response.status, await response.text().catch(() => ""), hasBaton, this.#token);
  }

  async #send(url: string, body: string, signal: AbortSignal): Promise<FetchResponse> {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (this.#token) headers["authorization"] = `Bearer ${this.#token}`;
    const fetch = this.#fetch ?? globalThis.fetch;
    try {
      return await fetch(url, { method: "POST", headers, body, signal, ...uncached() });
    } catch (error) {
      // Told by Node alone; elsewhere, a server that is not there looks like an answer that was lost.
      const { code } = Object((error as { cause?: unknown } | undefined)?.cause) as { code?: unknown };
      const cause = nameOf(error);
      const refusal = platformRefusal(error);
      if (refusal) throw failed("CONNECT_FAILED", `nothing was sent: ${refusal}`, { cause });
      if (!/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/.test(String(code)))
        throw unknown("no answer from the server", cause);
      throw failed("CONNECT_FAILED", `no connection to the server (${code})`, { retryable: true, cause });
    }
  }

  async #askToken(): Promise<string> {
    try {
      const token = typeof this.#source === "function" ? await this.#source() : (this.#source ?? "");
      // fetch() would refuse it, in the same words as an answer that was lost.
      if (/[^\t -~\x80-\xff]/.test(token.trim())) throw new TypeError("Expected only what a header can have");
      return token;
    } catch (cause) {
      throw failed("AUTH_FAILED", "`authToken` is, or returns, no token: see `cause`", { cause });
    }
  }
}

/** Reads a body as JSON. */
export async function readJson(response: FetchResponse): Promise<unknown> {
  try {
    return JSON.parse(await response.text());
  } catch (error) {
    throw unknown("the server's answer is cut off or not JSON", nameOf(error));
  }
}

// Only the name: messages of parsers and of fetch may repeat what they were given.
function nameOf(error: unknown): Error {
  const { name = "Error", cause } = Object(error) as { name?: string; cause?: { code?: unknown } };
  return new Error(cause?.code ? `${name} (${String(cause.code)})` : name);
}
