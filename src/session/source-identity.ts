import type { AdapterFactory } from "../contract/adapter.ts";
import type { SourceOptions } from "./source.ts";

/** What shapes the sessions of a source besides its URL: databases share one only where all of these are the same. */
export function identityOf(
  url: unknown,
  folder: string,
  stacks: boolean,
  { limits, runtime, setup, afterFirstConnection, afterConnection, checksConnections }: SourceOptions,
  adapters: readonly AdapterFactory[],
): readonly unknown[] {
  const { name, clock } = runtime;
  return [
    ...[url, folder, name, clock, checksConnections, stacks, afterFirstConnection, afterConnection],
    ...Object.values(limits),
    // With the count of the values: a value must not pass for the next text.
    ...setup.flatMap(({ text, params = [] }) => [text, Object.keys(params).length, ...Object.entries(params).flat()]),
    ...adapters.flatMap((factory) => factory.identity),
  ];
}
