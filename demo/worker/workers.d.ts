// What the platform gives, as far as the Worker uses it.

declare module "cloudflare:workers" {
  /** Bindings: see wrangler.toml. */
  export const env: {
    /** `libsql://…`, `https://…` or `http://…`: libSQL; `postgresql://…`: Neon. */
    readonly DATABASE_URL: string;
    /** A secret: `wrangler secret put DATABASE_TOKEN`. */
    readonly DATABASE_TOKEN?: string;
    /** The one other origin whose pages may call. */
    readonly ALLOWED_ORIGIN?: string;
  };
}
