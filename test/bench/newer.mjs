// isopool's integrations as an application has them that installed Kysely 0.29 or Drizzle 1.0: here these are there under names of
// their own. A module that is imported with `?newer` gets them, and so do the modules of dist/integrations behind it.

import { register } from "node:module";

register("./newer-hooks.mjs", import.meta.url);
