// Works that return lazy queries: with them COMMIT leaves in one flight. Drawn for a program that is there already.

import { Dice, drawn } from "./dice.ts";
import type { Statement } from "./ledger.ts";
import type { Lazy, Step, Strand } from "./program.ts";
import type { Actor, Stage } from "./stage.ts";
import { ask } from "./statements.ts";

/** Drawn apart, so that the rest of each schedule stays as it was. */
export function withLazies(seed: number, strands: readonly Strand[]): Strand[] {
  return strands.map((strand) => {
    if (!("body" in strand)) return strand;
    const body = strand.body.map((step) => lazyStep(seed, step));
    const lazy = strand.kind === "by hand" ? undefined : lazyOf(seed, strand.id);
    return { ...strand, body, options: { ...strand.options, ...(lazy && { lazy }) } };
  });
}

function lazyStep(seed: number, step: Step): Step {
  if (step.kind !== "transaction" && step.kind !== "session") return step;
  const body = step.body.map((each) => lazyStep(seed, each));
  const lazy = lazyOf(seed, step.id);
  if (!lazy) return { ...step, body };
  return step.kind === "session" ? { ...step, body, options: { ...step.options, lazy } } : { ...step, body, lazy };
}

function lazyOf(seed: number, id: number): Lazy | undefined {
  if (drawn(seed, 82, id) >= 0.25) return undefined;
  const dice = new Dice(seed + 82_000_000 + id * 7919);
  const beside = dice.chance(0.5);
  return {
    letters: Array.from({ length: beside && dice.chance(0.7) ? 1 : 1 + dice.below(4) }, () =>
      dice.of(["w", "w", "w", "w", "w", "w", "r", "f"]),
    ),
    beside,
    heardAfter: dice.chance(0.15) ? dice.below(20) : undefined,
  };
}

/** What a work returned, and what it is about. */
export interface Returned {
  readonly value: unknown;
  /** Checks what came of it. */
  check(rows: unknown): void;
}

/** The queries of a work: one alone, or a list. */
export function returned(stage: Stage, { letters, heardAfter }: Lazy, id: number, actor: Actor): Returned {
  const statements = letters.map((letter) => stage.ledger.ask(letter, actor.scope));
  const queries = statements.map(({ text }) =>
    stage.call(actor, () => actor.handle.sql<{ id: number }>([text] as unknown as TemplateStringsArray)),
  );
  stage.world.note(() => `return ${statements.map(({ text }) => text).join(", ")} in ${actor.scope.name}`);
  if (heardAfter !== undefined) void hear(stage, queries[0]!, heardAfter, id, actor).catch(() => undefined);
  const value = queries.length === 1 && id % 2 === 0 ? queries[0] : queries;
  return { value, check: (rows) => checkRows(stage, statements, (value === queries ? rows : [rows]) as Rows[]) };
}

async function hear(stage: Stage, query: PromiseLike<unknown>, hops: number, id: number, actor: Actor): Promise<void> {
  for (let hop = 0; hop < hops; hop++) await Promise.resolve();
  await query;
  const more = { id, kind: "query", letter: "w", how: "guard", via: "handle", limits: {} } as const;
  await ask(stage, more, actor);
}

type Rows = readonly { readonly id?: number }[];

function checkRows(stage: Stage, statements: readonly Statement[], results: readonly Rows[]): void {
  statements.forEach((statement, at) => {
    stage.ledger.settle(statement, true);
    if (results[at]?.[0]?.id !== statement.id)
      stage.world.fail("its own result", `${statement.text} was returned, and came back as another's result`);
  });
}
