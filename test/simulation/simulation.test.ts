// 20,000 random schedules of databases, pools and isolates. A failing one is shown small, with the command that runs it again.

import { expect, test } from "vitest";
import { simulate } from "./command.ts";

const SCHEDULES = Number(process.env["SCHEDULES"] ?? 20_000);
// Seconds of pure computing: a busy machine takes a multiple of them.
const TIMEOUT_MS = 300_000;

test(
  "whatever is asked, and whatever fails: what is reported is what is stored, and nothing leaks",
  async () => {
    const { code, lines } = await simulate(`--from 1 --schedules ${SCHEDULES}`);
    expect(lines.slice(0, 200).join("\n")).toMatch(
      new RegExp(`^${SCHEDULES} schedules from seed 1\n${SCHEDULES} schedules in [\\d.]+ s, 0 failed$`),
    );
    expect(code).toBe(0);
  },
  TIMEOUT_MS,
);
