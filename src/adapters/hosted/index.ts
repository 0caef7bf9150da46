import type { Adapter, AdapterFactory, AdapterSource, Capabilities, StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { throwIfAborted } from "../../signal.ts";
import { needsSession } from "../postgres/errors.ts";
import { scan, split } from "../postgres/scan.ts";
import { bind } from "../postgres/values.ts";
import { HostedConnection, type HostStub } from "./connection.ts";
import type { PoolHostStats } from "./stats.ts";
import { refuseSetup } from "./wire.ts";
import { CAPABILITIES } from "../postgres/session-config.ts";
import { checkNames } from "../../option-names.ts";

export type { PoolHostStats } from "./stats.ts";

/** A binding to objects of a class that extends `PoolHost`: a `DurableObjectNamespace`. */
export interface PoolHostNamespace {
  idFromName(name: string): unknown;
  get(id: never, options?: never): object;
}

export interface HostedOptions {
  /** Returns the binding; called inside a request, with each connection: `() => env.POOL`. */
  readonly namespace: () => PoolHostNamespace;
  /**
   * Over how many objects the sessions are spread, at random: `shop`, `shop#1`, `shop#2`, …. Each has a pool and a queue of its
   * own, so there are `shards` times the host's `pool.max` connections at most. Integer >= 1. Default 1.
   */
  readonly shards?: number | undefined;
  /** Where an object is created, if it does not exist yet: `"weur"`. Default: near the first request. */
  readonly locationHint?: string | undefined;
}

export interface HostedFactory extends AdapterFactory {
  /**
   * Asks the pool hosts for their counts: one round trip.
   *
   * @param url - of the database: `hosted://shop`.
   * @returns one for each shard, in order.
   */
  stats(url: string): Promise<PoolHostStats[]>;
}

/**
 * PostgreSQL through a pool host: a Durable Object whose connections all requests and isolates share. The URL is
 * `hosted://name`, with any name: each is an object of its own.
 *
 * - Setup, connection hooks and the limits of the pool are options of the host.
 * - A flight takes one round trip to the object. Taking a connection and giving it back take none.
 * - A session that is silent for longer than the host's `leaseMs` is rolled back, and gets `CONNECTION_LOST`.
 *
 * @example
 * const db = createDatabase("hosted://shop", { adapters: [hosted({ namespace: () => env.POOL })], runtime: workers() });
 * @throws TypeError for an invalid option.
 */
export function hosted(options: HostedOptions): HostedFactory {
  checkNames(options, ["namespace", "shards", "locationHint"] satisfies (keyof HostedOptions)[], "hosted()");
  const { namespace, shards = 1, locationHint } = options;
  if (typeof namespace !== "function")
    throw new TypeError(`Expected \`namespace\` to be a function, \`() => env.POOL\`, got \`${typeof namespace}\``);
  if (!Number.isInteger(shards) || shards < 1)
    throw new TypeError(`Expected \`shards\` to be an integer >= 1, got \`${shards}\``);
  const find = (name: string, shard: number): object => {
    const objects = namespace() as PoolHostNamespace | undefined;
    if (typeof objects?.idFromName !== "function")
      throw new TypeError(
        "Expected `namespace` to return a Durable Object binding: is it in the Worker's configuration?",
      );
    const id = objects.idFromName(shard > 0 ? `${name}#${shard}` : name) as never;
    return objects.get(id, (locationHint && { locationHint }) as never);
  };
  return {
    dialect: "postgres",
    schemes: ["hosted"],
    identity: [namespace, shards, locationHint],
    create: ({ url }) => new HostedAdapter(nameIn(url), () => Math.floor(Math.random() * shards), find),
    stats: (url) => {
      const name = nameIn(url);
      const ask = (_: unknown, shard: number): Promise<PoolHostStats> =>
        (find(name, shard) as { stats(): Promise<PoolHostStats> }).stats();
      return Promise.all(Array.from({ length: shards }, ask));
    },
  };
}

class HostedAdapter implements Adapter {
  readonly name = "hosted";
  readonly key: string;
  readonly split: typeof split = split;
  /** Those of PostgreSQL: a stub, too, is of the request that has it. */
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #name: string;
  readonly #toShard: () => number;
  readonly #find: (name: string, shard: number) => object;

  constructor(name: string, toShard: () => number, find: (name: string, shard: number) => object) {
    this.key = `hosted://${name}`;
    this.#name = name;
    this.#toShard = toShard;
    this.#find = find;
  }

  check(statement: Statement, place: StatementPlace): void {
    if (place === "setup") throw refuseSetup();
    bind(statement);
    const { text } = statement;
    if (place === "autocommit" && scan(text).leavesState)
      throw needsSession("this ends with its session, at once: use db.session() or `settings`", text);
  }

  open({ signal }: { readonly signal: AbortSignal }): HostedConnection {
    throwIfAborted(signal);
    const shard = this.#toShard();
    // Here, so that a binding that is missing is this call's error.
    this.#find(this.#name, shard);
    return new HostedConnection(() => this.#find(this.#name, shard) as HostStub);
  }
}

function nameIn(url: AdapterSource["url"]): string {
  const [, name] = /^hosted:\/\/([^/?#@\s]+)\/?$/i.exec(url) ?? [];
  if (name) return name;
  throw new TypeError("Expected a URL such as `hosted://shop`: a name, and nothing else");
}
