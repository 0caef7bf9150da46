import { DbError } from "../errors.ts";

/** What a transaction does when there is one already; Spring's words. */
export type Propagation = "required" | "nested" | "requires-new" | "mandatory" | "supports" | "not-supported" | "never";

/**
 * How a transaction takes part in one that is here. `joined`: be part of it. `nested`: a savepoint in it. `root`: the first
 * one here. `plain`: none. `apart`, `apart-plain`: a session and a connection of its own, with and without one.
 */
export type Participation = "joined" | "nested" | "root" | "plain" | "apart" | "apart-plain";

// Inside a transaction, and outside of one.
const PARTICIPATIONS: Readonly<
  Record<Propagation, readonly [inside: Participation | undefined, outside?: Participation]>
> = {
  required: ["joined", "root"],
  nested: ["nested", "root"],
  "requires-new": ["apart", "root"],
  mandatory: ["joined"],
  supports: ["joined", "plain"],
  "not-supported": ["apart-plain", "plain"],
  never: [undefined, "plain"],
};

/**
 * How a transaction takes part in what is here.
 *
 * @throws TypeError for an unknown word; DbError `PROPAGATION_REFUSED` where it forbids what is here.
 */
export function resolvePropagation(propagation: Propagation = "required", isInside: boolean): Participation {
  if (!Object.hasOwn(PARTICIPATIONS, propagation)) {
    throw new TypeError(
      `Expected \`propagation\` to be one of ${Object.keys(PARTICIPATIONS).join(", ")}, got \`${propagation}\``,
    );
  }
  const participation = PARTICIPATIONS[propagation][isInside ? 0 : 1];
  if (participation) return participation;
  throw new DbError(
    "PROPAGATION_REFUSED",
    `\`${propagation}\`, but there is ${isInside ? "a" : "no"} transaction here`,
    { propagation },
  );
}
