import { expect, test } from "vitest";
import { zone } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("zone: the session is current in callbacks that zone.js follows; what it cannot prove fails closed", async () => {
  await import("zone.js");
  const { Zone } = globalThis as unknown as { Zone: Parameters<typeof zone>[0] };
  const { db, adapter } = fakeDatabase({}, { context: zone(Zone) });
  await db.session(
    (s) =>
      new Promise<void>((resolve, reject) => {
        setTimeout(() => {
          expect(db.current()).toBe(s);
          db.query("in a timer").then(() => resolve(), reject);
        }, 1);
      }),
  );
  expect(db.current()).toBeUndefined();
  await expect(db.query("outside")).rejects.toMatchObject({ code: "SESSION_REQUIRED", details: { context: "zone" } });
  expect(adapter.flights).toEqual(["1: begin | in a timer", "1: commit"]);
});
