import type { DriverConnection } from "../../src/contract/adapter.ts";
import type { PoolRuntime } from "../../src/pool/runtime.ts";
import type { Lib, World } from "./world.ts";

/** A fault that is planted around the library: what it is given, and what it gives, may be wrapped. */
export interface Plant {
  readonly lib?: (lib: Lib) => Lib;
  readonly connection?: (connection: DriverConnection) => DriverConnection;
  readonly runtime?: (runtime: PoolRuntime, world: World) => PoolRuntime;
}
