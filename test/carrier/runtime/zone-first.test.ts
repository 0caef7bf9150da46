import { zoneCases } from "./zone-cases.ts";

// The order of most applications: zone.js is the first thing that is imported.
zoneCases(async () => {
  await import("zone.js");
  return import("../../../src/carrier/runtime/index.ts");
});
