// A Worker with AsyncLocalStorage: nothing needs to be at hand.

import { AsyncLocalStorage } from "node:async_hooks";
import { requestContext } from "../../../src/integrations/workers/index.ts";
import { visits } from "./visits.ts";

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default visits(requestContext(AsyncLocalStorage), [
  (db) => db,
  (db, request) => db.of(request),
  (db, _request, ctx) => db.of(ctx),
]);
