// The pool host of the contracts: each case has an object of its own, on a database of its own.

import { Client, neon as query } from "@neondatabase/serverless";
import { neon } from "../../../src/adapters/neon/index.ts";
import { PoolHost, type PoolHostOptions } from "../../../src/integrations/pool-host/index.ts";
import { optionsFor } from "../../adapters/neon/target.ts";

interface Address {
  readonly url: string;
  readonly fetchEndpoint: string;
  readonly wsProxy: string;
}

export class ContractPool extends PoolHost {
  #address: Address | undefined;

  options(): PoolHostOptions {
    const adapter = neon(optionsFor({ neon: query, Client }, this.#address!, { transport: "ws" }));
    return { url: this.#address!.url, adapter };
  }

  use(address: Address): void {
    this.#address = address;
  }

  end(): Promise<void> {
    return this.db.dispose({ timeoutMs: 5_000 });
  }
}

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default { fetch: () => new Response("pool hosts") };
