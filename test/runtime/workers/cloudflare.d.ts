// What the platform gives, as far as the tests use it and the demo does not.

declare module "cloudflare:workers" {
  /** Keeps the request that calls it alive. */
  export function waitUntil(promise: Promise<unknown>): void;
  export abstract class WorkerEntrypoint<Env = unknown> {
    protected readonly env: Env;
  }
}
