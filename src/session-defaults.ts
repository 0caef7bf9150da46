import type { Dialect, Settings } from "./contract/adapter.ts";
import type { SessionOptions } from "./session/session-options.ts";

/** Default options for all sessions of a database, including `db.autocommit`; an isolation level is that of transactions. */
export interface SessionDefaults extends Pick<
  SessionOptions,
  "timeoutMs" | "retry" | "accessMode" | "isolationLevel" | "fresh"
> {
  /** PostgreSQL settings; a function is called when a session begins. A session's own settings override them by name. */
  readonly settings?: Settings | (() => Settings | undefined) | undefined;
}

export const DEFAULTS: readonly (keyof SessionDefaults)[] = [
  "timeoutMs",
  "retry",
  "accessMode",
  "isolationLevel",
  "fresh",
  "settings",
];

/** A setting's name, in PostgreSQL's form: `search_path`, `app.tenant`. In lower case, so that none is set twice. */
const NAME = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*$/;

/** How a database was told its sessions begin. */
interface Defaulting {
  readonly coalesce?: boolean;
  readonly defaults?: SessionDefaults;
  /** `"required"`: a session without settings is refused. */
  readonly settings?: "required";
}

/**
 * The options a session begins with: its own, over its database's defaults.
 *
 * @param database - its dialect, if already known.
 * @param outer - the settings of the session around it: row-level security must not end inside.
 * @throws TypeError for settings that are missing, invalid, or not supported by the database; it shows no value.
 */
export function withDefaults<O extends SessionOptions>(
  options: O,
  { defaults, settings: wanted }: Defaulting,
  database: { readonly dialect: Dialect | undefined },
  outer: Settings | undefined,
): O {
  if (!defaults && !wanted && !outer && !options.settings) return options;
  const { settings: common, ...rest } = defaults ?? {};
  const own = options.settings;
  const given = typeof common === "function" ? common() : common;
  for (const each of [given, own]) if (each) checkSettings(each, database.dialect);
  const all = [given, outer, own].filter(Boolean);
  const settings: Settings | undefined = all.length > 1 ? Object.assign({}, ...all) : all[0];
  if (wanted && Object.keys(settings ?? {}).length === 0)
    throw new TypeError('Expected `settings` for this session: its database has `settings: "required"`');
  const defined = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...rest, ...(Object.fromEntries(defined) as O), ...(settings && { settings }) };
}

/** Whether lone reads may share a flight: a deadline, retries and settings are each session's own, as is a transaction that only reads. */
export function sharesReads({ coalesce, settings, defaults = {} }: Defaulting): boolean {
  const { settings: own, retry, timeoutMs, accessMode } = defaults;
  return coalesce !== false && accessMode !== "read only" && (settings ?? own ?? retry ?? timeoutMs) === undefined;
}

function checkSettings(settings: object, dialect: Dialect | undefined): void {
  if (dialect === "sqlite") throw new TypeError("Expected no `settings` for SQLite: only PostgreSQL has them");
  if (settings instanceof Promise) settings.catch(() => undefined);
  // A Map, or an object with getters of its class, would set nothing.
  const prototype: unknown = Object.getPrototypeOf(settings);
  if (prototype && Object.getPrototypeOf(prototype))
    throw new TypeError('Expected `settings` to be an object like `{ "app.tenant": id }`, no promise, list or Map');
  for (const [name, value] of Object.entries(settings)) {
    if (!NAME.test(name))
      throw new TypeError(`Expected a setting's name in lower case, like \`app.tenant\`, got \`${name}\``);
    // Half of a surrogate pair would become U+FFFD, and two tenants one.
    const isText = typeof value === "string" && !/[\0\p{Cs}]/u.test(value);
    if (!isText && typeof value !== "boolean" && (typeof value !== "number" || Number.isNaN(value)))
      throw new TypeError(`Expected the setting \`${name}\` to be well-formed text without NUL, a number or boolean`);
  }
}
