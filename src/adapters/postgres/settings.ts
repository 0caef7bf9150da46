import type { Flight, Settings } from "../../contract/adapter.ts";
import type { Bound } from "./values.ts";

const NAME = /^[a-z_][a-z0-9_.$]*$/;

/**
 * One statement that makes settings local to its transaction: their values are parameters.
 *
 * @param inherited - what the URL sets, behind a pooler.
 * @returns `undefined` when there is nothing to set.
 * @throws TypeError that names a setting whose name or value cannot be sent.
 */
export function toLocal(inherited: Settings, own: Settings = {}): Bound | undefined {
  const { role, ...rest } = { ...inherited, ...own };
  // The role comes last: it may not be allowed what comes before.
  const entries = Object.entries(role === undefined ? rest : { ...rest, role }).filter(
    ([, value]) => value !== undefined,
  );
  if (entries.length === 0) return undefined;
  const calls = entries.map(([name, value], index) => {
    if (!NAME.test(name))
      throw new TypeError(`Expected settings named like \`app.tenant\`, in lower case, got \`${name}\``);
    if (!/^(string|number|boolean)$/.test(typeof value) || String(value).includes("\0"))
      throw new TypeError(`Expected the setting \`${name}\` to be text without NUL, a number or a boolean`);
    return `pg_catalog.set_config($${2 * index + 1}, $${2 * index + 2}, true)`;
  });
  return { text: `SELECT ${calls.join(", ")}`, values: entries.flat().map(String) };
}

/** @throws TypeError for settings that cannot be sent, before anything of the flight is. */
export function checkSettings({ steps, settings }: Flight): void {
  toLocal({}, settings);
  for (const step of steps) if (step.kind === "begin") toLocal({}, step.options.settings);
}
