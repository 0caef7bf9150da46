// The Durable Object that has the shop in its own storage, when DATABASE_URL is `do:…`: the whole API is answered in it.

import { DurableObject } from "cloudflare:workers";
import type { ObjectStorage } from "../../src/adapters/durable-object/index.ts";
import type { ExecutionContext } from "../../src/integrations/workers/index.ts";
import { place } from "./place.ts";
import { respond } from "./respond.ts";

export class ShopObject extends DurableObject {
  constructor(...given: ConstructorParameters<typeof DurableObject>) {
    super(...given);
    place.storage = (this.ctx as { storage: ObjectStorage }).storage;
  }

  fetch(request: Request): Promise<Response> {
    return respond(request, this.ctx as ExecutionContext);
  }
}
