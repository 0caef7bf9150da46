import type { Adapter, AdapterSource, Capabilities, OpenOptions, StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { parseAddress } from "../postgres/address.ts";
import { check } from "../postgres/check.ts";
import { Parsers } from "../postgres/parsers.ts";
import type { ClientClass, NeonFunction, NeonSettings } from "./driver.ts";
import { HttpConnection } from "./http-connection.ts";
import { Http } from "./http.ts";
import { ANSWER_TIMEOUT_MS, checkLogin, isPooledBy, type LoginOptions, OVER_HTTP, settingsOf } from "./login.ts";

export interface HttpAdapterOptions extends LoginOptions {
  readonly neon: NeonFunction;
  readonly Client?: ClientClass | undefined;
  readonly neonConfig?: NeonSettings | undefined;
}

/** One database at Neon, over HTTP. */
export class HttpAdapter implements Adapter {
  readonly name = "neon";
  readonly key: string;
  readonly capabilities: Capabilities = OVER_HTTP;
  readonly #options: HttpAdapterOptions;
  readonly #parsers: Parsers;
  readonly #isPooled: boolean;

  constructor(options: HttpAdapterOptions, { url }: AdapterSource) {
    const address = parseAddress(url);
    this.#options = options;
    this.key = address.key;
    checkLogin(address, options, true);
    this.#parsers = new Parsers(options.parsers);
    this.#isPooled = isPooledBy(options, address);
  }

  check(statement: Statement, place: StatementPlace): void {
    check(statement, place, this.#isPooled);
  }

  /** Nothing is sent. */
  open({ url, signal }: OpenOptions): HttpConnection {
    signal.throwIfAborted();
    const address = parseAddress(url);
    checkLogin(address, this.#options, true);
    const { neon, Client, neonConfig: settings, authToken, answerTimeoutMs = ANSWER_TIMEOUT_MS } = this.#options;
    const http = new Http({ neon, Client, settings, authToken, answerTimeoutMs }, address);
    return new HttpConnection(http, { ...settingsOf(address, this.#isPooled), parsers: this.#parsers });
  }
}
