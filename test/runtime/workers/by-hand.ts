// A Worker without AsyncLocalStorage, and without any flag: the request is the context.

import { requestContext } from "../../../src/integrations/workers/index.ts";
import { visits } from "./visits.ts";

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default visits(requestContext(), [(db, request) => db.of(request), (db, _request, ctx) => db.of(ctx)]);
