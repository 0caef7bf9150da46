// The compiler as a plugin of bundlers with Rollup's hooks; through unplugin, of all others.

import type { Parse } from "../carrier/transform/parse.ts";
import type { TransformContext } from "../carrier/hooks.ts";
import { fuse, type FuseResult, FUSE_RUNTIME, MAY_BE_FUSED } from "./transform/fuse.ts";

export interface FusePlugin {
  readonly name: string;
  /** Behind whatever compiles to JavaScript, and ahead of the carrier. */
  readonly enforce: "post";
  readonly transform: {
    readonly filter: { readonly code: RegExp };
    handler(this: TransformContext, code: string, id: string): FuseResult | undefined;
  };
}

/** @param isLeftOut - true for a module to leave as it is, by path. */
export function fusePlugin(isLeftOut: (id: string) => boolean, parse: Parse | undefined): FusePlugin {
  return {
    name: "isopool:fuse",
    enforce: "post",
    transform: {
      filter: { code: MAY_BE_FUSED },
      handler(code, id) {
        // Packages are of others, who have not asked for it.
        if (/[\\/]node_modules[\\/]/.test(id) || isLeftOut(id) || !MAY_BE_FUSED.test(code)) return undefined;
        const read: Parse = parse ?? ((text, options) => this.parse(text, options));
        return fuse(code, id, { parse: read, runtime: FUSE_RUNTIME });
      },
    },
  };
}
