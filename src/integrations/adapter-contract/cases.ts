import type { Fixture } from "./fixture.ts";

/** Cases by name: a sentence that a user would say. */
export type Cases = Readonly<Record<string, (on: Fixture) => Promise<void>>>;
