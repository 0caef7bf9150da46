import type { Adapter, AdapterSource, Capabilities, OpenOptions, StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { type Address, parseAddress } from "../postgres/address.ts";
import { check } from "../postgres/check.ts";
import { Parsers } from "../postgres/parsers.ts";
import { type SessionConfig, settingsOf } from "../postgres/session-config.ts";
import { Company } from "../shared/company.ts";
import type { ClientClass, NeonFunction, NeonSettings } from "./driver.ts";
import { HttpConnection } from "./http-connection.ts";
import { Http } from "./http.ts";
import { checkLogin, isPooledBy, type LoginOptions, OVER_HTTP } from "./login.ts";
import { isRead } from "./reads.ts";
import { throwIfAborted } from "../../signal.ts";
import { split } from "../postgres/scan.ts";

export interface HttpAdapterOptions extends LoginOptions {
  readonly neon: NeonFunction;
  readonly Client?: ClientClass | undefined;
  readonly neonConfig?: NeonSettings | undefined;
  readonly transport?: "auto" | "http" | "ws" | undefined;
}

/** What the sessions of a URL have in common. */
export interface NeonConfig extends Omit<SessionConfig, "idleInTransactionMs"> {
  readonly address: Address;
}

/** One database at Neon, over HTTP. */
export class HttpAdapter implements Adapter {
  readonly name = "neon";
  readonly key: string;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = OVER_HTTP;
  readonly #options: HttpAdapterOptions;
  readonly #parsers: Parsers;
  readonly #isPooled: boolean;
  readonly #company: Company = new Company(isRead);

  constructor(options: HttpAdapterOptions, { url }: AdapterSource) {
    this.#options = options;
    this.#parsers = new Parsers(options.parsers);
    const { address, isPooled } = this.configure(url);
    this.key = address.key;
    this.#isPooled = isPooled;
  }

  check(statement: Statement, place: StatementPlace): void {
    check(statement, place, this.#isPooled);
  }

  readsAs(text: string): "shared" | "alone" | undefined {
    return this.#company.readsAs(text);
  }

  /** Nothing is sent. */
  open({ url, signal }: OpenOptions): HttpConnection {
    throwIfAborted(signal);
    return this.connect(this.configure(url));
  }

  /** @throws TypeError or DbError `AUTH_FAILED` for a URL that cannot be used. */
  configure(url: string): NeonConfig {
    const address = parseAddress(url);
    const options = this.#options;
    checkLogin(address, options, options.transport !== "ws");
    const isPooled = isPooledBy(options, address);
    const { answerTimeoutMs = 300_000 } = options;
    return { ...settingsOf(address, isPooled), address, isPooled, answerTimeoutMs, parsers: this.#parsers };
  }

  connect(config: NeonConfig): HttpConnection {
    const { neon, Client, neonConfig: settings, authToken } = this.#options;
    const { answerTimeoutMs, address } = config;
    const http = new Http({ neon, Client, settings, authToken, answerTimeoutMs }, address);
    return new HttpConnection(http, config, this.#company);
  }
}
