// `isopool/vite`: the compile-time half of the carrier as a plugin of Vite, and of all bundlers with Rollup's hooks.

import { CarrierFiles } from "./files.ts";
import type { Parse, ParseOptions } from "./transform/parse.ts";
import { RUNTIME } from "./transform/runtime-import.ts";
import { transform, type TransformResult } from "./transform/transform.ts";

export type { Parse, ParseOptions } from "./transform/parse.ts";
export type { SourceMap } from "./transform/source-map.ts";
export { transform, type TransformOptions, type TransformResult } from "./transform/transform.ts";

export interface IsopoolOptions {
  /**
   * Modules to leave as they are, by path: a context does not get over their awaits. For code that needs none, or that
   * cannot be carried. Default: none.
   */
  readonly exclude?: RegExp | ((id: string) => boolean) | undefined;
}

/** As much of a plugin's own context as is used: Vite, Rolldown, Rollup and unplugin have it. */
export interface PluginContext {
  parse(code: string, options?: ParseOptions): unknown;
}

export interface ResolveContext {
  resolve(source: string, importer: string, options: { skipSelf: boolean }): Promise<{ id: string } | null>;
}

/** As much of Vite's configuration as is looked at. */
export interface ViteConfig {
  readonly command: "build" | "serve";
  readonly cacheDir: string;
  readonly build: { readonly sourcemap: boolean | "inline" | "hidden" };
}

/** The hooks that a module passes. */
export interface CarrierHooks {
  readonly name: string;
  readonly resolveId: {
    readonly order: "pre";
    readonly filter: { readonly id: RegExp };
    handler(this: ResolveContext, source: string): Promise<string | undefined>;
  };
  readonly transform: {
    readonly filter: { readonly code: RegExp };
    handler(this: PluginContext, code: string, id: string, meta?: { moduleType?: string }): TransformResult | undefined;
  };
}

export interface IsopoolPlugin extends CarrierHooks {
  readonly enforce: "post";
  applyToEnvironment(environment: { readonly config: { readonly consumer: string } }): boolean;
  config(): {
    worker: { plugins: () => CarrierHooks[] };
    optimizeDeps: { rolldownOptions: { plugins: CarrierHooks[] } };
  };
  configResolved(config: ViteConfig): void;
}

/**
 * Makes every async function of a page, of its dependencies and of its web workers keep the session that is current.
 * Runs behind all other plugins, in builds and in the dev server. What is rendered on a server is left alone: it has
 * AsyncLocalStorage.
 *
 * @returns a plugin for `plugins` of a Vite configuration; Rolldown, Rollup and `createUnplugin()` take it, too.
 * @throws TypeError when `exclude` is neither a regular expression nor a function.
 */
export function isopool(options: IsopoolOptions = {}): IsopoolPlugin {
  const files = new CarrierFiles(checkExclude(options.exclude));
  const settings = { sourceMap: true };
  const hooks = carrierHooks("isopool", files, settings);
  return {
    ...hooks,
    enforce: "post",
    applyToEnvironment: ({ config }) => config.consumer === "client",
    config: () => ({
      worker: { plugins: () => [carrierHooks("isopool:worker", files, settings)] },
      // Done once, and kept where Vite keeps what it has bundled.
      optimizeDeps: { rolldownOptions: { plugins: [carrierHooks("isopool:optimizer", files, { sourceMap: true })] } },
    }),
    configResolved({ command, cacheDir, build }) {
      settings.sourceMap = command === "serve" || build.sourcemap !== false;
      files.leaveOptimized(cacheDir);
    },
  };
}

function carrierHooks(name: string, files: CarrierFiles, settings: { readonly sourceMap: boolean }): CarrierHooks {
  const isOptimizer = name === "isopool:optimizer";
  return {
    name,
    resolveId: {
      // Before Vite's own: it would take the run-time half for a dependency to bundle, and load the page anew.
      order: "pre",
      filter: { id: new RegExp(`^${RUNTIME}$`) },
      async handler(source) {
        return source === RUNTIME
          ? (await this.resolve("./runtime/abi.js", files.self, { skipSelf: true }))?.id
          : undefined;
      },
    },
    transform: {
      filter: { code: /\basync\b/ },
      handler(code, id, meta) {
        if (!files.isCarried(id, meta?.moduleType, isOptimizer)) return undefined;
        const parse: Parse = (text, options) => this.parse(text, options);
        return transform(code, id, { parse, sourceMap: settings.sourceMap });
      },
    },
  };
}

function checkExclude(exclude: IsopoolOptions["exclude"]): (id: string) => boolean {
  if (exclude === undefined) return () => false;
  if (typeof exclude === "function") return exclude;
  if (exclude instanceof RegExp) return (id) => id.search(exclude) >= 0;
  throw new TypeError(`Expected \`exclude\` to be a regular expression or a function, got \`${String(exclude)}\``);
}
