// PostgreSQL settings that a transaction makes for itself: the savepoint in its place must not leave them to the next one.

import type { Settings } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";

const NAME = /^[a-z_][a-z0-9_.$]*$/i;
const SET = /^\s*set\s+(?:(local|session)\s+)?(?!transaction\b|constraints\b|session\b|local\b)([a-z_][\w.$]*)/i;
const CALL = /\bset_config\s*\(\s*(?:'([\w.$]+)'|\$(\d+))\s*,[^,]+,\s*(?:(\w+)|\$(\d+))/gi;

/** What a statement sets, and whether only for its transaction. */
export interface Setting {
  readonly name: string;
  readonly isLocal: boolean;
}

/** What a statement sets, as far as its text and its values show. */
export function settingsIn({ text, params }: Statement): Setting[] {
  const value = (number: string | undefined): unknown =>
    (params as readonly unknown[] | undefined)?.[Number(number) - 1];
  const [, kind = "", direct] = SET.exec(text) ?? [];
  const found: Setting[] = direct ? [{ name: direct, isLocal: /^local$/i.test(kind) }] : [];
  for (const [, name, place, local, localPlace] of text.matchAll(CALL))
    found.push({
      name: name ?? String(value(place)),
      isLocal: local ? /^(true|t)$/i.test(local) : value(localPlace) !== false,
    });
  return found.filter((setting) => NAME.test(setting.name));
}

/** The settings that are to be as they were, and where their values are kept until then: in settings of their own. */
export class Kept {
  readonly #prefix: string;
  readonly #names: string[] = [];

  /** @param id - unique in its transaction. */
  constructor(id: string) {
    this.#prefix = `isopool.was_${id}_`;
  }

  get isEmpty(): boolean {
    return this.#names.length === 0;
  }

  /** Keeps what is there; `undefined` when it is kept already. */
  keep(names: readonly string[]): Statement | undefined {
    const fresh = names.filter((name) => !this.#names.includes(name));
    if (fresh.length === 0) return undefined;
    const first = this.#names.push(...fresh) - fresh.length;
    const calls = fresh.map((name, index) => call(`${this.#prefix}${first + index}`, valueOf(name)));
    return { text: `SELECT ${calls.join(", ")}` };
  }

  /** Puts it back, the role first: it may not be allowed what comes behind. */
  restore(): Statement | undefined {
    if (this.#names.length === 0) return undefined;
    const calls = this.#names
      .map((name, index) => ({ name, value: valueOf(`${this.#prefix}${index}`) }))
      .toSorted((one, other) => Number(isRole(other.name)) - Number(isRole(one.name)))
      .map(({ name, value }) => call(name, value));
    this.#names.length = 0;
    return { text: `SELECT ${calls.join(", ")}` };
  }

  /** They were taken back with what had set them. */
  forget(): void {
    this.#names.length = 0;
  }
}

/** Makes settings for what is open; the role comes last. */
export function setLocal(settings: Settings): Statement {
  const entries = Object.entries(settings).toSorted(([one], [other]) => Number(isRole(one)) - Number(isRole(other)));
  const calls = entries.map(([name], index) => call(name, `$${index + 1}`));
  return { text: `SELECT ${calls.join(", ")}`, params: entries.map(([, value]) => String(value)) };
}

function isRole(name: string): boolean {
  return name.toLowerCase() === "role";
}

function call(name: string, value: string): string {
  return `pg_catalog.set_config('${name}', ${value}, true)`;
}

function valueOf(name: string): string {
  return `coalesce(pg_catalog.current_setting('${name}', true), '')`;
}
