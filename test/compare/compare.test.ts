// isopool's own column of docs/comparison.md: each story, played as in `npm run compare`, must pass.
// With COMPARE set, it is `npm run compare`: all libraries are played, and the page is written; a rival that fails is no failed test.

import { afterAll, describe, expect, test } from "vitest";
import { libsqlStories } from "./libsql-stories.ts";
import { writePage } from "./page.ts";
import { postgresStories } from "./postgres-stories.ts";
import { processStories } from "./process-stories.ts";
import { LIBRARIES, type Library, shown, type Verdict } from "./story.ts";

const isWhole = process.env["COMPARE"] !== undefined;
const stories = [...processStories(), ...postgresStories(), ...libsqlStories()];
const played: { story: string; library: Library; verdict: Verdict }[] = [];

// The settings of Neon's driver are those of the process: with it, one story after another.
const runner = isWhole ? describe : describe.concurrent;

runner.each(stories)("$name", ({ name, plays }) => {
  const libraries = isWhole ? LIBRARIES : (["isopool"] as const);
  for (const library of libraries) {
    const play = plays[library];
    if (typeof play === "string") continue;
    test(library, async () => {
      const verdict = await play().catch((error: unknown) => ({ isPassed: false, seen: shown(error) }));
      played.push({ story: name, library, verdict });
      if (library === "isopool") expect(verdict.isPassed, verdict.seen).toBe(true);
    });
  }
});

test("every story is told of every library, and isopool takes part in each", () => {
  for (const { name, plays } of stories) {
    expect(Object.keys(plays), name).toEqual([...LIBRARIES]);
    expect(plays.isopool, name).toBeTypeOf("function");
  }
});

afterAll(() => {
  if (isWhole) writePage(stories, played);
});
