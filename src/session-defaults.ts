import type { Dialect, Settings } from "./contract/adapter.ts";
import type { SessionOptions } from "./session/session-options.ts";

/** Default options for all sessions of a database, including `db.autocommit`. */
export interface SessionDefaults extends Pick<SessionOptions, "timeoutMs" | "retry" | "accessMode" | "isolationLevel"> {
  /** PostgreSQL settings; a function is called when a session begins. A session's own settings override them by name. */
  readonly settings?: Settings | (() => Settings | undefined) | undefined;
}

export const DEFAULTS: readonly (keyof SessionDefaults)[] = [
  "timeoutMs",
  "retry",
  "accessMode",
  "isolationLevel",
  "settings",
];

/** A setting's name, in PostgreSQL's form: `search_path`, `app.tenant`. */
const NAME = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*$/i;

/** How a database was told its sessions begin. */
interface Defaulting {
  readonly defaults?: SessionDefaults;
  /** `"required"`: a session without settings is refused. */
  readonly settings?: "required";
}

/**
 * The options a session begins with: its own, over its database's defaults.
 *
 * @param dialect - of the database, if already known.
 * @throws TypeError for settings that are missing, invalid, or not supported by the database; it shows no value.
 */
export function withDefaults<O extends SessionOptions>(
  options: O,
  { defaults, settings: wanted }: Defaulting,
  dialect: Dialect | undefined,
): O {
  if (!defaults && !wanted && !options.settings) return options;
  const { settings: common, ...rest } = defaults ?? {};
  const own = options.settings;
  const given = typeof common === "function" ? common() : common;
  const settings = own && given ? { ...given, ...own } : (own ?? given);
  if (settings) checkSettings(settings, dialect);
  else if (wanted) throw new TypeError('Expected `settings` for this session: its database has `settings: "required"`');
  const defined = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...rest, ...(Object.fromEntries(defined) as O), ...(settings && { settings }) };
}

function checkSettings(settings: unknown, dialect: Dialect | undefined): void {
  if (dialect === "sqlite") throw new TypeError("Expected no `settings` for SQLite: only PostgreSQL has them");
  if (typeof settings !== "object" || settings === null || Array.isArray(settings))
    throw new TypeError('Expected `settings` to be an object: `{ "app.tenant": id }`');
  for (const [name, value] of Object.entries(settings)) {
    if (!NAME.test(name)) throw new TypeError(`Expected a setting's name, like \`app.tenant\`, got \`${name}\``);
    if (!["string", "number", "boolean"].includes(typeof value) || Number.isNaN(value))
      throw new TypeError(`Expected the setting \`${name}\` to be a string, number or boolean, got ${typeof value}`);
  }
}
