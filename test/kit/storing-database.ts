import type { DatabaseOptions } from "../../src/index.ts";
import type { FakeAdapterOptions, FakeConnection, Script } from "./fake-adapter.ts";
import { fakeDatabase, type FakeDatabase } from "./fake-database.ts";
import { ModelServer, type ModelStep } from "./model-server.ts";

export const DIALECTS = ["sqlite", "postgres"] as const;

export interface StoringOptions extends FakeAdapterOptions {
  readonly dialect?: (typeof DIALECTS)[number];
}

/** A fake database that stores the text of each statement as a row: for what is stored, beside what was reported. */
export function storingDatabase(
  { dialect = "sqlite", script, ...adapterOptions }: StoringOptions = {},
  options: Partial<DatabaseOptions> = {},
): FakeDatabase & { readonly stored: string[] } {
  const stored: string[] = [];
  const servers = new WeakMap<FakeConnection, ModelServer>();
  const onServer: Script = async (text, connection, signal) => {
    const server = servers.get(connection) ?? new ModelServer(dialect, stored);
    servers.set(connection, server);
    const answer = (await script?.(text, connection, signal)) ?? {};
    const isRun = answer.lost === undefined || answer.lost !== "not-executed";
    if (isRun && !connection.isClosed) server.run(toStep(text), answer.error && "fails");
    if (answer.lost !== undefined) return answer;
    return { ...answer, state: answer.state ?? server.state };
  };
  return { ...fakeDatabase({ ...adapterOptions, script: onServer }, options), stored };
}

function toStep(text: string): ModelStep {
  const [kind, name] = text.split(" ");
  if (kind === "begin" || kind === "commit" || kind === "rollback") return { kind };
  if (kind === "savepoint" || kind === "rollback-to" || kind === "release") return { kind, name: name! };
  return { kind: "query", row: text };
}
