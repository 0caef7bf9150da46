// wrangler.toml, as far as running it here needs it.

import { readFileSync } from "node:fs";

export interface WorkerConfig {
  readonly main: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

/** Reads settings that stand on a line of their own, as strings or lists of strings: the file is ours, and written so. */
export function readConfig(path: string): WorkerConfig {
  const [top = ""] = readFileSync(path, "utf8").split(/^\[/m);
  const value = (name: string): unknown => {
    const text = new RegExp(`^${name} = (.+)$`, "m").exec(top)?.[1];
    if (text === undefined) throw new Error(`${path} has no \`${name}\``);
    return JSON.parse(text);
  };
  return {
    main: value("main") as string,
    compatibilityDate: value("compatibility_date") as string,
    compatibilityFlags: value("compatibility_flags") as string[],
  };
}
