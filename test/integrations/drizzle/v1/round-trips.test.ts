import { places } from "./operations.ts";
import * as own from "./own.ts";
import { roundTripTests } from "../round-trips.ts";

// Over TCP each statement travels as over Neon's WebSocket: test/adapters/pg/flights.test.ts counts those.
for (const place of places.filter(({ name }) => ["sql.js", "libSQL", "Neon"].includes(name)))
  roundTripTests(place, own);
