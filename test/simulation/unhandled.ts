// Rejections that nobody listened to, of the schedule that runs. What isopool causes must not be among them: that a session was
// closed, or given up. What fails by itself is for its caller to hear.

import type { World } from "./world.ts";

let seen: unknown[] = [];
let isInstalled = false;

export const unhandled = {
  begin(): void {
    seen = [];
    if (isInstalled) return;
    isInstalled = true;
    process.on("unhandledRejection", (error) => void seen.push(error));
  },

  /** @param program - tells whether there is anything in it that nobody listens to. */
  check(world: World, program: unknown): void {
    if (seen.length === 0) return;
    const mayBeUsers = /"how":"(bare|early)"/.test(JSON.stringify(program));
    for (const error of seen.splice(0)) {
      if (mayBeUsers && isOfCaller(world, error)) continue;
      world.fail("unhandled", error instanceof Error ? error.message : String(error));
    }
  },
};

/** It failed by itself, by its own signal or deadline, by a hook of the caller; or it was asked when all was over. */
function isOfCaller(world: World, error: unknown): boolean {
  const { lib } = world;
  if (lib.isDbError(error, "SESSION_CLOSED")) return error.cause === undefined || world.askedTooLate-- > 0;
  if (lib.isDbError(error, "QUERY_TIMEOUT")) return error.details.of === "statement";
  if (lib.isDbError(error)) return true;
  return error instanceof Error && /^(w|r|f|x|s|batch) \d+ is aborted$|^hook \w+ fails$/.test(error.message);
}
