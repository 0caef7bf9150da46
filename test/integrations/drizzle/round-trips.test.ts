import { places } from "./operations.ts";
import * as own from "./own.ts";
import { roundTripTests } from "./round-trips.ts";

for (const place of places) roundTripTests(place, own);
