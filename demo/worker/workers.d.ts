// What the platform gives, as far as the Worker uses it.

declare module "cloudflare:workers" {
  /** Bindings: see wrangler.toml. */
  export const env: {
    /** `libsql://…`, `https://…` or `http://…`: libSQL; `postgresql://…`: Neon; `hosted://…`: the Durable Object's connections; `d1:DB`: D1; `do:shop`: an object. */
    readonly DATABASE_URL: string;
    /** A database of D1, for `d1:DB`. */
    readonly DB: import("../../src/adapters/d1/index.ts").D1Binding;
    /** Objects of the class in object.ts. */
    readonly SHOP: {
      idFromName(name: string): object;
      get(id: object): { fetch(request: Request): Promise<Response> };
    };
    /** Objects of the class in pool.ts. */
    readonly POOL: { idFromName(name: string): object; get(id: object): object };
    /** A secret: `wrangler secret put DATABASE_TOKEN`. */
    readonly DATABASE_TOKEN?: string;
    /** The one other origin whose pages may call. */
    readonly ALLOWED_ORIGIN?: string;
  };
}
