// Makes a failing schedule small: leaves out what is not needed for it to fail, step by step, fault by fault.

import { type StoryOptions, story, type Told } from "./story.ts";
import type { Lib } from "./world.ts";

/** Ids of the steps of a program, strands first: what is around others goes before them. */
function stepsOf(program: unknown): string[] {
  const found: { readonly id: number; readonly size: number }[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { id, kind } = value as { id?: number; kind?: string };
    if (id !== undefined && kind !== undefined) found.push({ id, size: JSON.stringify(value).length });
    for (const each of Object.values(value)) walk(each);
  };
  walk(program);
  return found.sort((one, other) => other.size - one.size).map(({ id }) => `step ${id}`);
}

/**
 * Finds what can be left out of a schedule so that it still fails in the same way.
 *
 * @returns what is left out, and what was told of the rest.
 */
export async function shrink(
  lib: Lib,
  seed: number,
  options: StoryOptions,
): Promise<{ readonly drop: string[]; readonly told: Told }> {
  let told = await story(lib, seed, options);
  const invariant = told.violations[0]?.invariant;
  let drop = new Set(options.drop);
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const name of [...stepsOf(told.program), ...told.chances]) {
      if (drop.has(name)) continue;
      const less = new Set(drop).add(name);
      const retold = await story(lib, seed, { ...options, drop: less });
      if (retold.violations[0]?.invariant !== invariant) continue;
      drop = less;
      told = retold;
      isSmaller = true;
    }
  }
  return { drop: minimal(drop, told), told: await story(lib, seed, { ...options, drop, isTraced: true }) };
}

/** What is inside of a step that is left out need not be named. */
function minimal(drop: ReadonlySet<string>, { program }: Told): string[] {
  const inner = new Set<string>();
  const walk = (value: unknown, isInside: boolean): void => {
    if (typeof value !== "object" || value === null) return;
    const { id, kind } = value as { id?: number; kind?: string };
    const name = `step ${id}`;
    const isStep = id !== undefined && kind !== undefined;
    if (isStep && isInside) inner.add(name);
    for (const each of Object.values(value)) walk(each, isInside || (isStep && drop.has(name)));
  };
  walk(program, false);
  return [...drop].filter((name) => !inner.has(name));
}

/** The program of a schedule without what is left out of it: so it can be kept, whatever becomes of the generator. */
export function pruned(program: unknown, drop: ReadonlySet<string>): unknown {
  if (Array.isArray(program))
    return program
      .filter((each) => !drop.has(`step ${(each as { readonly id?: number } | null)?.id}`))
      .map((each) => pruned(each, drop));
  if (typeof program !== "object" || program === null) return program;
  const { id } = program as { readonly id?: number };
  const isLeft = ([name]: [string, unknown]): boolean =>
    !(name === "timeoutMs" && drop.has(`timeout ${id}`)) && !(name === "abort" && drop.has(`abort ${id}`));
  return Object.fromEntries(
    Object.entries(program)
      .filter(isLeft)
      .map(([name, value]) => [name, pruned(value, drop)]),
  );
}
