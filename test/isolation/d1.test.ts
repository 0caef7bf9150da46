// On D1, which has no transactions of its own, every transaction is serializable: what cannot be so is refused at COMMIT, or before.

import { afterAll, beforeAll, expect, test } from "vitest";
import { d1 } from "../../src/adapters/d1/index.ts";
import { createDatabase } from "../../src/index.ts";
import { type RunningMiniflare, startMiniflare } from "../runtime/miniflare.ts";
import { named } from "./scenarios.ts";
import { play, setStage, type Stage } from "./stage.ts";

let miniflare: RunningMiniflare;
let stage: Stage;
let played = 0;

beforeAll(async () => {
  miniflare = await startMiniflare({ script: "export default { fetch: () => new Response() };", databases: ["DB"] });
  const binding = await miniflare.d1("DB");
  const db = createDatabase("d1:DB", { adapters: [d1(() => binding)] });
  // Nobody holds a lock that others wait for.
  stage = { db, waiting: () => 0 };
  await setStage(stage);
});

afterAll(async () => {
  expect(stage.db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  // Were all of them refused, nothing would have been shown.
  expect(played).toBeGreaterThan(named.length / 2);
  await stage.db.dispose();
  await miniflare.stop();
});

test.each(named)("%s: never that %s", async (_, _what, scenario) => {
  const seen = await play(stage, scenario, "serializable");
  expect(scenario.happened(seen), JSON.stringify(seen)).toBe(false);
  if (seen.committed.length > 0) played++;
});
