// What the platform gives a pool host. The package's own declarations name the module; its types are those of the user.

declare module "cloudflare:workers" {
  export abstract class DurableObject<Env = unknown> {
    protected readonly ctx: unknown;
    protected readonly env: Env;
    constructor(ctx: never, env: Env);
  }
  export const RpcTarget: new () => object;
}
