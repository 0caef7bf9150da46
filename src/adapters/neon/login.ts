import type { AdapterFactory, Capabilities, MaybePromise } from "../../contract/adapter.ts";
import type { Address } from "../postgres/address.ts";
import type { ParserOptions } from "../postgres/parsers.ts";
import { CAPABILITIES } from "../postgres/session-config.ts";
import { isBrowser } from "./browser.ts";
import { failed } from "./errors.ts";

/** What both entries may be given. */
export interface LoginOptions {
  /** A JWT for Neon's authorization, in place of the password, over HTTP. A function is asked for each request. */
  readonly authToken?: string | (() => MaybePromise<string>) | undefined;
  /** A page shows its code, and the password in it, to everybody: in browsers a URL with one is refused. Default `false`. */
  readonly allowPasswordInBrowser?: boolean | undefined;
  /**
   * How values are read, by the OID or the name of their type; lists of a type are read item by item. Names are looked up in
   * the first flight: `{ jsonb: (text) => text, numeric: Number, "shop.mood": toMood }`. Default: see `neon()`.
   */
  readonly parsers?: ParserOptions | undefined;
  /**
   * The host is a pooler that lends a session for each transaction: the URL's settings are local to each, each begins with a
   * reset, and `setup` is refused. Default: whether the host's first label ends in `-pooler`.
   */
  readonly pooled?: boolean | undefined;
  /** Longest wait for the server's answer, in milliseconds; 0 = for ever. Default 300_000. */
  readonly answerTimeoutMs?: number | undefined;
}

export const OVER_HTTP: Capabilities = {
  ...CAPABILITIES,
  affinity: "isolate",
  transactions: "batch",
  savepoints: false,
  streaming: false,
};

export function isPooledBy({ pooled }: LoginOptions, { host }: Address): boolean {
  return pooled ?? /^[^.]*-pooler(\.|$)/.test(host);
}

/** @throws DbError `AUTH_FAILED`, or TypeError where everybody could read the password. */
export function checkLogin({ password }: Address, options: LoginOptions, isOverHttp: boolean): void {
  const { authToken, allowPasswordInBrowser } = options;
  if (!password && (authToken === undefined || !isOverHttp))
    throw failed("AUTH_FAILED", "the URL has no password: add one, or use `authToken` over HTTP");
  if (password && !allowPasswordInBrowser && isBrowser()) {
    const remedy = "use `authToken`, or `allowPasswordInBrowser`";
    throw new TypeError(`Expected a URL without a password in a browser, where anyone can read it: ${remedy}`);
  }
}

/** @throws TypeError for a part of the driver that is none, and a time that is none. */
export function toFactory(
  parts: Readonly<Record<string, unknown>>,
  times: Readonly<Record<string, number | undefined>>,
  options: object,
  create: AdapterFactory["create"],
): AdapterFactory {
  for (const [name, value] of Object.entries(parts))
    if (typeof value !== "function")
      throw new TypeError(`Expected \`${name}\` of @neondatabase/serverless, got \`${typeof value}\``);
  for (const [name, value = 0] of Object.entries(times))
    if (!Number.isInteger(value) || value < 0)
      throw new TypeError(`Expected \`${name}\` to be an integer >= 0, got \`${value}\``);
  // With their names: a value must not pass for that of another option.
  const identity = Object.keys(options)
    .sort()
    .flatMap((name): unknown[] => [name, Reflect.get(options, name)]);
  return { dialect: "postgres", schemes: ["postgres", "postgresql"], identity, create };
}
