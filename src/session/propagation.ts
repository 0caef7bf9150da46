import { DbError } from "../errors.ts";

/** What a transaction does when there is one already; Spring's words. */
export type Propagation = "required" | "nested" | "requires-new" | "mandatory" | "supports" | "not-supported" | "never";

/**
 * `joined`: be part of it. `nested`: a savepoint in it. `root`: the first one here. `plain`: none. `apart`, `apart-plain`: a
 * session and a connection of its own, with and without one.
 */
export type Plan = "joined" | "nested" | "root" | "plain" | "apart" | "apart-plain";

// Inside a transaction, and outside of one.
const PLANS: Readonly<Record<Propagation, readonly [inside: Plan | undefined, outside?: Plan]>> = {
  required: ["joined", "root"],
  nested: ["nested", "root"],
  "requires-new": ["apart", "root"],
  mandatory: ["joined"],
  supports: ["joined", "plain"],
  "not-supported": ["apart-plain", "plain"],
  never: [undefined, "plain"],
};

/** @throws TypeError for an unknown word; DbError `PROPAGATION_REFUSED` where it forbids what is here. */
export function planTransaction(propagation: Propagation = "required", isInside: boolean): Plan {
  if (!Object.hasOwn(PLANS, propagation)) {
    throw new TypeError(
      `Expected \`propagation\` to be one of ${Object.keys(PLANS).join(", ")}, got \`${propagation}\``,
    );
  }
  const plan = PLANS[propagation][isInside ? 0 : 1];
  if (plan) return plan;
  throw new DbError(
    "PROPAGATION_REFUSED",
    `\`${propagation}\`, and there is ${isInside ? "a" : "no"} transaction here`,
    { propagation },
  );
}
