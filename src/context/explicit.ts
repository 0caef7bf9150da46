import type { ContextProvider } from "../contract/context.ts";

/** Keeps nothing: the session is passed by hand. Works in every runtime, with no build step. */
export function explicit(): ContextProvider {
  return { name: "explicit", absenceProves: false, current: () => undefined, run: (_frame, work) => work() };
}
