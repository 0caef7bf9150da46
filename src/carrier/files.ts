// Which modules are carried: all but the bundler's own helpers, and the run-time half itself.

/** Kinds of modules that hold code, in Rolldown's words. */
const CODE: ReadonlySet<string> = new Set(["js", "jsx", "ts", "tsx"]);

/** Vite's client and preload helper, Rolldown's runtime: no code of the user's waits for anything in there. */
const HELPERS = /^\0(?:vite|rolldown)\/|^\0rolldown:|\/@vite\/|\/[^/]*vite[^/]*\/dist\/client\//;

export class CarrierFiles {
  /** Path of this module, from which the run-time half is found. */
  readonly self: string;
  readonly #runtime: string;
  readonly #exclude: (id: string) => boolean;

  constructor(exclude: (id: string) => boolean) {
    const here = import.meta.url;
    this.self = pathOf(here);
    this.#runtime = pathOf(new URL("./runtime/", here).href);
    this.#exclude = exclude;
  }

  /** True for what Vite has bundled ahead into `cacheDir`. */
  isOptimized(id: string, cacheDir: string): boolean {
    return slashed(id).startsWith(`${slashed(cacheDir)}/deps`);
  }

  /** @param moduleType - what the bundler takes the module for; `undefined`: it does not tell. */
  isCarried(id: string, moduleType: string | undefined): boolean {
    if (moduleType !== undefined && !CODE.has(moduleType)) return false;
    const path = slashed(id);
    return !HELPERS.test(path) && !path.startsWith(this.#runtime) && !this.#exclude(id);
  }
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}

/** A file's URL as a path, the way that bundlers write it: `/a b/c.js`, `C:/a b/c.js`. */
function pathOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname).replace(/^\/(?=[A-Za-z]:\/)/, "");
}
