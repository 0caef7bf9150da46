import { places } from "./operations.ts";
import { faultTests, queryTests } from "./queries.ts";

for (const place of places) {
  queryTests(place);
  faultTests(place);
}
