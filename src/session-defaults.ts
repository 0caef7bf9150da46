import type { Dialect, Settings } from "./contract/adapter.ts";
import type { SessionOptions } from "./session/session.ts";

/** What all sessions of a database have, unless they are given something else; `db.autocommit` included. */
export interface SessionDefaults extends Pick<SessionOptions, "timeoutMs" | "retry" | "accessMode" | "isolationLevel"> {
  /** PostgreSQL settings; a function is asked when a session begins. A session's own are set on top of them, name by name. */
  readonly settings?: Settings | (() => Settings | undefined) | undefined;
}

/** A setting's name, as PostgreSQL has them: `search_path`, `app.tenant`. In one case, so that none is there twice. */
const NAME = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*$/;

/**
 * What a session begins with: its own options, on top of its database's.
 *
 * @param outer - the settings of the session that it is in: row-level security must not end in between.
 * @param isRequired - whether a session without settings is refused.
 * @param dialect - of the database, where it is known already.
 * @throws TypeError for settings that are missing, wrong, or of a database that has none; no value is shown.
 */
export function withDefaults<O extends SessionOptions>(
  options: O,
  defaults: SessionDefaults,
  outer: Settings | undefined,
  isRequired: boolean,
  dialect: Dialect | undefined,
): O {
  const { settings: common, ...rest } = defaults;
  const own = options.settings;
  const given = typeof common === "function" ? common() : common;
  for (const each of [given, own]) if (each) checkSettings(each, dialect);
  const all = [given, outer, own].filter(Boolean);
  const settings: Settings | undefined = all.length > 1 ? Object.assign({}, ...all) : all[0];
  if (isRequired && Object.keys(settings ?? {}).length === 0)
    throw new TypeError(
      'Expected `settings` for this session, since its database was made with `settings: "required"`',
    );
  const defined = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...rest, ...(Object.fromEntries(defined) as O), ...(settings && { settings }) };
}

function checkSettings(settings: object, dialect: Dialect | undefined): void {
  if (dialect === "sqlite")
    throw new TypeError("Expected no `settings` for SQLite: they are PostgreSQL's, and nothing here would set them");
  if (settings instanceof Promise) settings.catch(() => undefined);
  // A Map, or an object with getters of its class, would set nothing.
  const prototype: unknown = Object.getPrototypeOf(settings);
  if (prototype && Object.getPrototypeOf(prototype))
    throw new TypeError('Expected `settings` to be an object like `{ "app.tenant": id }`, no promise, list or Map');
  for (const [name, value] of Object.entries(settings)) {
    if (!NAME.test(name))
      throw new TypeError(`Expected the name of a setting, like \`app.tenant\`, in lower case, got \`${name}\``);
    const isText = typeof value === "string" && !value.includes("\0");
    if (!isText && typeof value !== "boolean" && (typeof value !== "number" || Number.isNaN(value)))
      throw new TypeError(`Expected the setting \`${name}\` to be a string without NUL, a number or boolean`);
  }
}
