import type { BeginOptions, IsolationLevel, MaybePromise } from "../../contract/adapter.ts";
import type { Address } from "../postgres/address.ts";
import type {
  ClientClass,
  FetchOptions,
  GlobalSettings,
  HttpQuery,
  HttpResult,
  Level,
  NeonFunction,
  NeonSettings,
  NeonSql,
} from "./driver.ts";
import { orAbort, within } from "../shared/waits.ts";
import { failed, unknown } from "./errors.ts";
import { toHttpError } from "./http-failure.ts";
import { Room } from "./room.ts";
import type { RawRows } from "../postgres/results.ts";
import type { Bound } from "../postgres/values.ts";
import { uncached } from "../shared/uncached.ts";
import { reasonOf, throwIfAborted } from "../../signal.ts";

export interface HttpDriver {
  readonly neon: NeonFunction;
  /** Needed for settings of one database alone. */
  readonly Client: ClientClass | undefined;
  readonly settings: NeonSettings | undefined;
  /** Longest wait for an answer, in milliseconds; 0 = for ever. */
  readonly answerTimeoutMs: number;
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
  readonly #room: Room = new Room();
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

  /**
   * Sends statements: with `begin` as one transaction, else one alone.
   *
   * @throws DbError; or the signal's own reason.
   */
  async ask(list: readonly Bound[], begin: BeginOptions | undefined, signal?: AbortSignal): Promise<RawRows[]> {
    if (!this.raw.query) throw failed("CONNECT_FAILED", "`neon` is too old: install @neondatabase/serverless 1.0");
    const toQuery = ({ text, values }: Bound, fetchOptions?: FetchOptions): HttpQuery =>
      this.raw.query(text, values, { types: TYPES, ...(fetchOptions && { fetchOptions }) });
    const send = (fetchOptions: FetchOptions): PromiseLike<unknown> => {
      if (!begin) return toQuery(list[0]!, fetchOptions);
      const { isolationLevel, accessMode } = begin;
      return this.raw.transaction(
        list.map((bound) => toQuery(bound)),
        {
          isolationLevel: isolationLevel && levelOf(isolationLevel),
          readOnly: accessMode === "read only" || undefined,
          fetchOptions,
        },
      );
    };
    const answer = await this.#room.waitFor(() => this.#askOnce(joinTexts(list), signal, send), signal);
    return [answer].flat().map((result) => toRaw(result as HttpResult));
  }

  async #askOnce(
    sql: string,
    signal: AbortSignal | undefined,
    send: (options: FetchOptions) => PromiseLike<unknown>,
  ): Promise<unknown> {
    throwIfAborted(signal);
    const { answerTimeoutMs } = this.#driver;
    // Closing the request cancels the statement at the server.
    const hangUp = new AbortController();
    try {
      const answer = this.#withSettings(() => send({ signal: hangUp.signal, ...uncached() }));
      const isAnswered = answerTimeoutMs === 0 ? answer.then(() => true) : within(answer, answerTimeoutMs);
      if (await orAbort(isAnswered, signal)) return await answer;
    } catch (error) {
      hangUp.abort(error);
      if (signal?.aborted) throw reasonOf(signal);
      throw toHttpError(error, [...this.#secrets, this.#token], sql);
    }
    hangUp.abort();
    throw unknown(`no answer within ${answerTimeoutMs} ms: see \`answerTimeoutMs\``);
  }

  // The driver reads its global settings when a query begins, before it first waits: nobody else sees them in between.
  #withSettings(send: () => PromiseLike<unknown>): Promise<unknown> {
    const start = (): Promise<unknown> => new Promise((resolve, reject) => void send().then(resolve, reject));
    const { settings, Client } = this.#driver;
    if (!settings || typeof settings === "function") return start();
    const global = globalSettings(Client!);
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

function toRaw({ fields, rows, command, rowCount }: HttpResult): RawRows {
  return { fields, rows, command, count: rowCount ?? 0 };
}

/** The texts of a list, as one. */
export function joinTexts(list: readonly Bound[]): string {
  return list.map(({ text }) => text).join("; ");
}
