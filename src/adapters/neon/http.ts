import type { IsolationLevel, MaybePromise } from "../../contract/adapter.ts";
import type { Address } from "../postgres/address.ts";
import type { ClientClass, GlobalSettings, HttpResult, Level, NeonFunction, NeonSettings, NeonSql } from "./driver.ts";
import { toHttpError } from "./http-failure.ts";
import type { RawRows } from "../postgres/results.ts";
import type { Bound } from "../postgres/values.ts";

/** How a batch begins. */
export interface BatchOptions {
  readonly isolationLevel?: IsolationLevel | undefined;
  readonly isReadOnly?: boolean;
}

export interface HttpDriver {
  readonly neon: NeonFunction;
  readonly Client: ClientClass;
  readonly settings: NeonSettings | undefined;
  readonly authToken: string | (() => MaybePromise<string>) | undefined;
}

// The driver's own parsers are shared by all who use it, and others change them: nothing is parsed there.
const TYPES = { getTypeParser: () => (text: string) => text };

/** Neon over HTTP, by the driver's `neon()`: each request a session of its own at the server. */
export class Http {
  /** The driver's query function. */
  readonly raw: NeonSql;
  readonly #driver: HttpDriver;
  readonly #secrets: readonly (string | undefined)[];
  #token: string | undefined;

  constructor(driver: HttpDriver, { connectionString, password, key }: Address) {
    const { authToken } = driver;
    this.#driver = driver;
    this.#secrets = [connectionString, password];
    // A token says who asks: the password stays at home.
    const url = authToken === undefined ? connectionString : key;
    this.raw = driver.neon(url, {
      arrayMode: true,
      fullResults: true,
      disableWarningInBrowsers: true,
      ...(authToken !== undefined && { authToken: () => this.#askToken(authToken) }),
    }) as NeonSql;
  }

  /** Sends one statement, which is atomic by itself. @throws DbError; or the signal's own reason. */
  async query({ text, values }: Bound, signal?: AbortSignal): Promise<RawRows> {
    const fetched = signal && { fetchOptions: { signal } };
    return toRaw(await this.#ask(signal, () => this.raw.query(text, values, { types: TYPES, ...fetched })));
  }

  /** Sends a list of statements, which is one transaction. @throws DbError; or the signal's own reason. */
  async batch(list: readonly Bound[], options: BatchOptions, signal?: AbortSignal): Promise<RawRows[]> {
    const { isolationLevel, isReadOnly } = options;
    const results = await this.#ask(signal, () =>
      this.raw.transaction(
        list.map(({ text, values }) => this.raw.query(text, values, { types: TYPES })),
        {
          ...(isolationLevel && { isolationLevel: levelOf(isolationLevel) }),
          ...(isReadOnly && { readOnly: true }),
          ...(signal && { fetchOptions: { signal } }),
        },
      ),
    );
    return (results as HttpResult[]).map(toRaw);
  }

  async #ask(signal: AbortSignal | undefined, send: () => PromiseLike<unknown>): Promise<unknown> {
    signal?.throwIfAborted();
    try {
      return await this.#withSettings(send);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw toHttpError(error, [...this.#secrets, this.#token]);
    }
  }

  // The driver reads its global settings when a query begins, before it first waits: nobody else sees them in between.
  #withSettings(send: () => PromiseLike<unknown>): Promise<unknown> {
    const start = (): Promise<unknown> => new Promise((resolve, reject) => void send().then(resolve, reject));
    const { settings, Client } = this.#driver;
    if (!settings || typeof settings === "function") return start();
    const global = globalSettings(Client);
    const { fetchEndpoint, fetchFunction } = global;
    try {
      if (settings.fetchEndpoint !== undefined) global.fetchEndpoint = settings.fetchEndpoint;
      if (settings.fetchFunction !== undefined) global.fetchFunction = settings.fetchFunction;
      return start();
    } finally {
      Object.assign(global, { fetchEndpoint, fetchFunction });
    }
  }

  async #askToken(authToken: string | (() => MaybePromise<string>)): Promise<string> {
    return (this.#token = typeof authToken === "string" ? authToken : await authToken());
  }
}

// A client's settings are an object of the class that holds the global ones. To make one does no I/O.
function globalSettings(Client: ClientClass): GlobalSettings {
  const { neonConfig } = new Client({ host: "-", port: 0, user: "-", password: "", database: "-" }) as {
    neonConfig: object;
  };
  return neonConfig.constructor as unknown as GlobalSettings;
}

// `read committed` is ReadCommitted there.
function levelOf(level: IsolationLevel): Level {
  return level.replace(/(^| )./g, (start) => start.trim().toUpperCase()) as Level;
}

function toRaw(result: unknown): RawRows {
  const { fields, rows, command, rowCount } = result as HttpResult;
  return { fields, rows, command, count: rowCount ?? 0 };
}
