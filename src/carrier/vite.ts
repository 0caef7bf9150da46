// `isopool/vite`: the compile-time half of the carrier as a plugin of Vite, and of all bundlers with Rollup's hooks.

import { CarrierFiles } from "./files.ts";
import { type FusePlugin, fusePlugin } from "../fuse/plugin.ts";
import { carrierHooks, type CarrierHooks, type HookSettings, type OptimizerPlugin, optimizerPlugin } from "./hooks.ts";

export type { CarrierHooks, OptimizerPlugin, ResolveContext, TransformContext } from "./hooks.ts";
import type { Parse } from "./transform/parse.ts";

export type { FusePlugin } from "../fuse/plugin.ts";
export type { FuseResult } from "../fuse/transform/fuse.ts";
export type { Parse, ParseOptions } from "./transform/parse.ts";
export type { SourceMap } from "./transform/source-map.ts";
export { transform, type TransformOptions, type TransformResult } from "./transform/transform.ts";

export interface IsopoolOptions {
  /**
   * Modules to leave untransformed, by path: their awaits lose the context. For code that needs none, or that cannot be
   * transformed. Default: none.
   */
  readonly exclude?: RegExp | ((id: string) => boolean) | undefined;
  /** Reads JavaScript, for bundlers whose plugins have no `this.parse`. Default: the bundler's own. */
  readonly parse?: Parse | undefined;
}

/** The part of Vite's configuration that is read. */
export interface ViteConfig {
  readonly command: "build" | "serve";
  readonly cacheDir: string;
  readonly build: { readonly sourcemap: boolean | "inline" | "hidden" };
}

export interface IsopoolPlugin extends CarrierHooks {
  applyToEnvironment(environment: { readonly config: { readonly consumer: string } }): boolean;
  config(): {
    worker: { plugins: () => CarrierHooks[] };
    // Vite 7 has no `rolldownOptions`: the type needs a name that it knows.
    optimizeDeps: { rolldownOptions: { plugins: OptimizerPlugin[] }; include?: string[] };
  };
  configEnvironment(
    name: string,
    environment: { readonly consumer?: string | undefined },
    run: { readonly command: string },
  ): { define: Record<string, string> } | undefined;
  configResolved(this: unknown, config: ViteConfig): void;
}

/** With `fuse: true`, for `plugins` as well. */
export interface IsopoolFuseOptions extends IsopoolOptions {
  /**
   * Fuses flights, in code for pages and for servers: statements whose results nothing waits for share round trips, and COMMIT leaves with the
   * last of them. What may be observed is listed in docs/fuse.md. Default false.
   */
  readonly fuse: true;
}

/**
 * Makes every async function of a page, of its dependencies and of its web workers keep the current session.
 * Runs after all other plugins, in builds and in the dev server. Server-side code is left alone: it has AsyncLocalStorage.
 *
 * @returns a plugin for `plugins` of a Vite configuration; Rolldown, Rollup and `createUnplugin()` take it, too.
 * @throws TypeError if `exclude` is neither a regular expression nor a function.
 * @example
 * export default { plugins: [isopool()] }; // vite.config.ts
 */
export function isopool(options: IsopoolFuseOptions): [FusePlugin, IsopoolPlugin];
export function isopool(options?: IsopoolOptions & { readonly fuse?: false | undefined }): IsopoolPlugin;
export function isopool(
  options: IsopoolOptions & { readonly fuse?: boolean | undefined } = {},
): IsopoolPlugin | [FusePlugin, IsopoolPlugin] {
  const carrier = carrierPlugin(options);
  return options.fuse === true ? [fusePlugin(checkExclude(options.exclude), options.parse), carrier] : carrier;
}

/**
 * The compiler that fuses flights, alone: for server builds by Rollup, Rolldown or, through `createUnplugin()`, esbuild and webpack.
 *
 * @throws TypeError if `exclude` is neither a regular expression nor a function.
 * @example
 * export default { plugins: [isopoolFuse()] }; // rollup.config.js
 */
export function isopoolFuse(options: IsopoolOptions = {}): FusePlugin {
  return fusePlugin(checkExclude(options.exclude), options.parse);
}

function carrierPlugin(options: IsopoolOptions): IsopoolPlugin {
  const files = new CarrierFiles(checkExclude(options.exclude));
  let config: ViteConfig | undefined;
  const settings: HookSettings = {
    files,
    parse: options.parse,
    hasMap: () => config?.command !== "build" || config.build.sourcemap !== false,
    // Rolldown transformed what the dev server serves from its cache. Vite 7 pre-bundles with esbuild, whose plugins are
    // different: there, modules are transformed when served.
    isElsewhere: (id, isRolldown) =>
      config?.command === "serve" && isRolldown && files.isOptimized(id, config.cacheDir),
  };
  return {
    ...carrierHooks("isopool", settings),
    applyToEnvironment: (environment) => environment.config.consumer === "client",
    config: () => ({
      worker: { plugins: () => [carrierHooks("isopool:worker", settings)] },
      optimizeDeps: { rolldownOptions: { plugins: [optimizerPlugin(settings)] } },
    }),
    // The dev server detects it at run time; a build gets a definition, and omits the code for pages that were not compiled.
    configEnvironment: (name, { consumer = name }, { command }) =>
      command === "build" && consumer === "client"
        ? { define: { "import.meta.env.ISOPOOL_CARRIED": "true" } }
        : undefined,
    configResolved(this: { readonly meta?: { readonly viteVersion?: string } } | undefined, resolved) {
      // Older ones do not say what they are, and call hooks of theirs that this plugin needs by other names, or not at all.
      if (!this?.meta?.viteVersion)
        throw new Error("isopool/vite needs Vite 7 or later, and this one is older: install vite@latest");
      config = resolved;
    },
  };
}

function checkExclude(exclude: IsopoolOptions["exclude"]): (id: string) => boolean {
  if (exclude === undefined) return () => false;
  if (typeof exclude === "function") return exclude;
  if (exclude instanceof RegExp) return (id) => id.search(exclude) >= 0;
  throw new TypeError(`Expected \`exclude\` to be a regular expression or a function, got \`${String(exclude)}\``);
}
