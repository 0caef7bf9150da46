import type { ContextProvider, Frame } from "../contract/context.ts";

/** What isopool needs of zone.js. */
export interface ZoneLike {
  readonly current: ZoneInstance;
}

interface ZoneInstance {
  get(key: string): unknown;
  fork(spec: { name: string; properties: Record<string, unknown> }): { run<R>(work: () => R): R };
}

const KEY = "isopool.frame";

/**
 * Keeps the current session in a Zone: for applications that already run zone.js.
 * Zones are lost at a native `await`: build with target es2016, or pass the session explicitly.
 *
 * @param Zone - the global that zone.js defines.
 * @throws TypeError for anything else.
 * @example
 * import "zone.js";
 *
 * const db = createDatabase(url, { adapters, context: zone(Zone) });
 */
export function zone(Zone: ZoneLike): ContextProvider {
  if (typeof Zone?.current?.fork !== "function")
    throw new TypeError(`Expected the global \`Zone\` that zone.js defines, got \`${typeof Zone}\``);
  return {
    name: "zone",
    absenceProves: false,
    current: () => Zone.current.get(KEY) as Frame | undefined,
    run: (frame, work) => Zone.current.fork({ name: "isopool", properties: { [KEY]: frame } }).run(work),
  };
}
