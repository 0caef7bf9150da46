// What is run in a Worker and in a page, and the words in which it is asked for.

import type { D1Binding } from "../../../src/adapters/d1/index.ts";
import type { ObjectStorage } from "../../../src/adapters/durable-object/index.ts";
import type { DatabaseOptions } from "../../../src/index.ts";
import {
  adapterContract,
  type ContractCase,
  databaseContract,
  type Target,
} from "../../../src/integrations/adapter-contract/index.ts";

/** What a suite has of the world around it. */
export interface World {
  /** Starts a server of this name in the tests' own process: its data, and its methods as calls. */
  start<Options, Running>(server: string): (options: Options) => Promise<Running>;
  /** Compiled WebAssembly by the name of its file. */
  readonly wasm: Readonly<Record<string, WebAssembly.Module>>;
  /** Of the Durable Object in which the case runs, an object of its own. */
  readonly storage?: ObjectStorage;
  /** The next D1 database that is empty. */
  readonly d1?: () => D1Binding;
  /** How a database is configured there. */
  readonly database: Partial<DatabaseOptions>;
}

/** Targets by the name of what is tested. */
export type Suites = (world: World) => Readonly<Record<string, Target>>;

export function casesOf(target: Target): ContractCase[] {
  return [...adapterContract(target), ...databaseContract(target)];
}

/** Which case to run; without one, the names of all are asked for. */
export interface Question {
  readonly suite: string;
  readonly name?: string;
}

/** The names, or what a case came to: what went wrong in it, or `"passed"`. */
export type Answer = { readonly names: readonly string[] } | { readonly outcome: string };

/** A call through the door. */
export interface DoorCall {
  readonly server: string;
  /** Which of those that were started; without one, another is started. */
  readonly number?: number;
  readonly method?: string;
  readonly argument?: unknown;
}

/** What a server that was started has: data as it is, and the names of its methods. */
export interface Started {
  readonly number: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly methods: readonly string[];
}
