export {
  hosted,
  type HostedFactory,
  type HostedOptions,
  type PoolHostNamespace,
  type PoolHostStats,
} from "../../adapters/hosted/index.ts";
export type { PoolHostOptions } from "./options.ts";
export { PoolHost } from "./pool-host.ts";
