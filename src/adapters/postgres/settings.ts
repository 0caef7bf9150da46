import type { Settings } from "../../contract/adapter.ts";
import type { Bound } from "./values.ts";

const NAME = /^[a-z_][a-z0-9_.$]*$/;

/**
 * One statement that makes settings local to its transaction: names are in the text, values are parameters.
 *
 * @param inherited - what the URL sets, behind a pooler.
 * @returns `undefined` when there is nothing to set.
 * @throws TypeError for a name that must not be in a text.
 */
export function toLocal(inherited: Settings, own: Settings = {}): Bound | undefined {
  const { role, ...rest } = { ...inherited, ...own };
  // The role comes last: it may not be allowed what comes before.
  const entries = Object.entries(role === undefined ? rest : { ...rest, role });
  if (entries.length === 0) return undefined;
  const calls = entries.map(([name], index) => {
    if (!NAME.test(name)) throw new TypeError(`Expected the name of a setting, in lower case, got \`${name}\``);
    return `pg_catalog.set_config('${name}', $${index + 1}, true)`;
  });
  return { text: `SELECT ${calls.join(", ")}`, values: entries.map(([, value]) => String(value)) };
}
