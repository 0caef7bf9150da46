import type { Step } from "../contract/adapter.ts";

/** A transaction (without parent) or a savepoint inside one, as far as the stacks need it. */
export interface Level {
  readonly parent: Level | undefined;
  /** Of its savepoint. */
  readonly name: string;
  readonly fate: "open" | "kept" | "undone" | "unknown";
  /** Its own fate, or that of what is around it, is `undone`. */
  readonly isUndone: boolean;
}

/** A step that changes what the server has begun. */
export interface Move<L extends Level = Level> {
  readonly kind: "begin" | "savepoint" | "rollback-to" | "release" | "rollback";
  readonly level: L;
}

/**
 * The transaction on a connection is a stack, and so is what a statement is inside of. What must run ahead of the statement
 * is their difference.
 *
 * @param has - what the server has begun, outermost first.
 * @param wants - what the statement is inside of, outermost first.
 * @returns the moves ahead of it; `undefined`: it must wait, since a level that it is not inside of is still under way.
 */
export function steer<L extends Level>(has: readonly L[], wants: readonly L[]): readonly Move<L>[] | undefined {
  const common = commonOf(has, wants);
  const moves: Move<L>[] = [];
  if (common < has.length) {
    const lowest = has[common]!;
    if (lowest.fate === "open" && !lowest.isUndone) return undefined;
    const undone = has.find(({ isUndone }, index) => index >= common && isUndone);
    if (common === 0) moves.push({ kind: "rollback", level: lowest });
    else {
      // What lies above an undone level goes with it. One release of the lowest ends them all, and keeps what is left.
      if (undone) moves.push({ kind: "rollback-to", level: undone });
      moves.push({ kind: "release", level: lowest });
    }
  }
  for (let index = common; index < wants.length; index++)
    moves.push({ kind: index === 0 ? "begin" : "savepoint", level: wants[index]! });
  return moves;
}

/** What the server has once a move was done. */
export function apply<L extends Level>(has: readonly L[], { kind, level }: Move<L>): readonly L[] {
  if (kind === "begin" || kind === "savepoint") return [...has, level];
  if (kind === "rollback") return [];
  return has.slice(0, has.indexOf(level) + (kind === "rollback-to" ? 1 : 0));
}

/** How many levels two stacks share. */
function commonOf(has: readonly Level[], wants: readonly Level[]): number {
  let common = 0;
  while (common < has.length && has[common] === wants[common]) common++;
  return common;
}

export type ControlStep = Exclude<Step, { readonly kind: "query" }>;
