import { sqlJs, type SqlJsOptions } from "../../../src/adapters/sql-js/index.ts";
import type { Adapter, DriverConnection } from "../../../src/contract/adapter.ts";
import type { Params, RawResult } from "../../../src/contract/statement.ts";
import { unwrap } from "../../../src/integrations/adapter-contract/fixture.ts";
import { engine } from "./target.ts";

export function adapter(url = "sqljs:memory", options: Partial<SqlJsOptions> = {}): Adapter {
  return sqlJs({ sqlJs: engine, ...options }).create({ url, folder: "" });
}

/** A connection on which its setup has run. */
export async function open(on: Adapter = adapter(), url = on.key ?? "sqljs:memory"): Promise<DriverConnection> {
  const connection = await on.open({ url, signal: new AbortController().signal });
  for (const { text } of connection.setup) await run(connection, text);
  return connection;
}

export async function run(connection: DriverConnection, text: string, params?: Params): Promise<RawResult> {
  const statement = params === undefined ? { text } : { text, params };
  const [outcome] = await connection.send({ steps: [{ kind: "query", statement, guarded: false, onError: "stop" }] });
  return unwrap(outcome);
}
