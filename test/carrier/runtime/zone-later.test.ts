import { zoneCases } from "./zone-cases.ts";

// A part of the page that is loaded later brings zone.js along.
zoneCases(async () => {
  const entry = await import("../../../src/carrier/runtime/index.ts");
  new entry.AsyncContext.Variable().run(1, () => undefined);
  await import("zone.js");
  return entry;
});
