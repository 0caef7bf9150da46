// What docs/context.md has a row for: a provider, how it is built, and where it runs.

import { bundle, type BundleOptions, inChromium, inNode, inWebWorker, inWorkerd, type Stage } from "./stages.ts";
import type { Judged } from "./score.ts";

interface Row extends BundleOptions {
  /** As in the table. */
  readonly name: string;
  /** Imports, and the expression of the provider. */
  readonly imports: string;
  readonly provider: string;
  readonly stage: Stage;
}

const browserContext = {
  imports: 'import { browserContext } from "isopool/browser-context";',
  provider: "browserContext({ warn: false })",
};
const asyncLocal = {
  imports: 'import { AsyncLocalStorage } from "node:async_hooks"; import { asyncLocal } from "isopool";',
  provider: "asyncLocal(AsyncLocalStorage)",
};

export const rows: readonly Row[] = [
  { name: "`asyncLocal()` in Node", ...asyncLocal, stage: inNode },
  { name: "`asyncLocal()` in Workers (workerd)", ...asyncLocal, stage: inWorkerd },
  { name: "`browserContext()` with the plugin, in Chromium", ...browserContext, isCarried: true, stage: inChromium },
  {
    name: "`browserContext()` with the plugin, in a web worker of Chromium",
    ...browserContext,
    isCarried: true,
    stage: inWebWorker,
  },
  { name: "`browserContext()` with the plugin, in Node", ...browserContext, isCarried: true, stage: inNode },
  {
    name: "`browserContext()` with the plugin, beside zone.js, in Chromium",
    ...browserContext,
    imports: `import "zone.js"; ${browserContext.imports}`,
    isCarried: true,
    stage: inChromium,
  },
  { name: "`browserContext()` without the plugin, in Chromium", ...browserContext, stage: inChromium },
  {
    name: "`zone(Zone)`, target `es2016`, in Chromium",
    imports: 'import "zone.js"; import { zone } from "isopool";',
    provider: "zone(Zone)",
    target: "es2016",
    stage: inChromium,
  },
  {
    name: "`zone(Zone)`, a newer target, in Chromium",
    imports: 'import "zone.js"; import { zone } from "isopool";',
    provider: "zone(Zone)",
    stage: inChromium,
  },
  {
    name: "`explicit()`, anywhere",
    imports: 'import { explicit } from "isopool";',
    provider: "explicit()",
    stage: inNode,
  },
];

/** Plays the scenarios as a row says. */
export async function judgeRow({ imports, provider, stage, ...options }: Row): Promise<Judged[]> {
  const source = `import { judge } from "scenarios/score.ts";\n${imports}\nexport const play = () => judge(${provider});\n`;
  return (await stage(await bundle(source, options))) as Judged[];
}
