// The hooks that transform a module, for any bundler: Vite, its optimizer, its workers, or another with Rollup's hooks.

import type { CarrierFiles } from "./files.ts";
import type { Parse, ParseOptions } from "./transform/parse.ts";
import { RUNTIME } from "./transform/runtime-import.ts";
import { MAY_BE_ASYNC, transform, type TransformResult } from "./transform/transform.ts";

/** As much of a plugin's own context as is used: Vite, Rolldown, Rollup and unplugin have it. */
export interface TransformContext {
  parse(code: string, options?: ParseOptions): unknown;
  /** What a bundler says of itself. */
  readonly meta?: object;
}

export interface ResolveContext {
  /** Not used, but all have it: that of unplugin has nothing else in common with this type. */
  readonly parse?: unknown;
  resolve?(source: string, importer: string, options: { skipSelf: boolean }): Promise<{ id: string } | null>;
}

export interface CarrierHooks {
  readonly name: string;
  /** Behind whatever compiles to JavaScript. */
  readonly enforce: "post";
  readonly resolveId: {
    readonly order: "pre";
    readonly filter: { readonly id: RegExp };
    handler(this: ResolveContext, source: string): Promise<string | undefined>;
  };
  readonly transform: {
    readonly filter: { readonly code: RegExp };
    handler(
      this: TransformContext,
      code: string,
      id: string,
      // Vite 7 says only whether it is for a server.
      meta?: { readonly moduleType?: string; readonly ssr?: boolean | undefined },
    ): TransformResult | undefined;
  };
}

export interface HookSettings {
  readonly files: CarrierFiles;
  /** Instead of the bundler's own. */
  readonly parse: Parse | undefined;
  /** False where no source map is wanted. */
  readonly hasMap: () => boolean;
  /** True for what is carried already, or later. */
  readonly isElsewhere: (id: string, isRolldown: boolean) => boolean;
}

export function carrierHooks(name: string, { files, parse, hasMap, isElsewhere }: HookSettings): CarrierHooks {
  return {
    name,
    enforce: "post",
    resolveId: {
      // Before Vite's own: it would take the run-time half for a dependency to bundle, and reload the page.
      order: "pre",
      filter: { id: new RegExp(`^${RUNTIME}$`) },
      async handler(source) {
        // Without it the bundler finds the package by its name.
        if (source !== RUNTIME || this.resolve === undefined) return undefined;
        return (await this.resolve("./runtime/abi.js", files.self, { skipSelf: true }))?.id;
      },
    },
    transform: {
      filter: { code: MAY_BE_ASYNC },
      handler(code, id, meta) {
        if (isElsewhere(id, "rolldownVersion" in (this.meta ?? {})) || !files.isCarried(id, meta?.moduleType))
          return undefined;
        const read: Parse = parse ?? ((text, options) => this.parse(text, options));
        return transform(code, id, { parse: read, sourceMap: hasMap() });
      },
    },
  };
}

/** A plugin of the optimizer, which bundles dependencies ahead; it keeps the result on disk. */
export interface OptimizerPlugin extends CarrierHooks {
  buildStart(options: { readonly plugins: readonly { readonly name?: string }[] }): void;
}

export function optimizerPlugin(settings: HookSettings): OptimizerPlugin {
  let isScan = false;
  return {
    ...carrierHooks("isopool:optimizer", { ...settings, isElsewhere: () => isScan }),
    // Before it bundles, it looks through the sources for what they import.
    buildStart({ plugins }) {
      isScan = plugins.some(({ name }) => name?.startsWith("vite:dep-scan") === true);
    },
  };
}
