import { describe, expect, test } from "vitest";
import { DbError, isDbError } from "../../../src/errors.ts";
import { seeded } from "../../kit/seeded.ts";
import { fakeIsolate, leftovers, NOTHING_LEFT } from "./isolate.ts";

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed + 1);

describe.each([true, false])("a hundred requests at random, woken: %s", (canWake) => {
  test.each(SEEDS)("leave nothing behind, and open no more than they may (seed %i)", async (seed) => {
    const random = seeded(seed);
    const max = 1 + Math.floor(random() * 4);
    const kit = fakeIsolate(
      { max, canWake, acquireTimeoutMs: 400, idleMs: 200, maxUses: 20, validateAfterMs: 50 },
      (source) => {
        source.opens = Array.from({ length: 300 }, () => {
          const way = random();
          if (way < 0.1) return new DbError("CONNECT_FAILED", "down", { adapter: "fake" }, { retryable: true });
          return way < 0.6 ? "now" : Math.floor(random() * 20);
        });
        source.validate = () => random() < 0.8;
        source.closes = 3;
      },
    );
    let most = 0;
    const visit = async (): Promise<"served" | "late" | "left"> => {
      await new Promise<void>((resolve) => kit.clock.setTimeout(resolve, random() * 1_000));
      const controller = new AbortController();
      if (random() < 0.2) kit.clock.setTimeout(() => controller.abort("left"), random() * 100);
      try {
        const usePool = random() < 0.9;
        const lease = await kit.pool.acquire({ signal: controller.signal, usePool });
        expect(lease.connection.state).toBe("open");
        most = Math.max(most, kit.source.live);
        await new Promise<void>((resolve) => kit.clock.setTimeout(resolve, random() * 20));
        const how = random();
        if (how < 0.05) kit.pool.invalidate();
        lease.release({ broken: how > 0.95, dirty: how > 0.9 });
        return "served";
      } catch (error) {
        if (error === "left") return "left";
        if (isDbError(error, "POOL_TIMEOUT")) return "late";
        throw error;
      }
    };
    const visits = Promise.all(Array.from({ length: 100 }, visit));
    await kit.clock.advance(3_000);
    const ends = await visits;
    expect(ends.filter((end) => end === "served").length).toBeGreaterThan(20);
    expect(most).toBeLessThanOrEqual(max);
    // Everybody can be served again.
    const again = kit.pool.acquire();
    await kit.clock.advance(400);
    (await again).release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
    const { opened, closed } = kit.pool.stats();
    expect(Object.values(closed).reduce((sum, count) => sum + count)).toBe(opened);
  });
});
