import type { AdapterFactory, AdapterSource } from "../../../contract/adapter.ts";
import { nameIn } from "../adapter.ts";
import { tabPlatform } from "./platform.ts";
import { TabsAdapter } from "./tabs-adapter.ts";
import { checkNames } from "../../../option-names.ts";

export type { TabsDatabase } from "./tabs-connection.ts";

export interface SqlJsTabsOptions {
  /** How the tab that leads opens the database: `sqlJsWorker()`, or `sqlJs()` with a storage that keeps each commit. */
  readonly adapter: AdapterFactory;
  /**
   * How long another tab waits for a leader that gives no sign of life, at the most, in milliseconds: then it takes its place. Must be
   * longer than what blocks the thread of a page. `Infinity` = for ever. Default 3_000.
   */
  readonly leaderTimeoutMs?: number | undefined;
}

/**
 * One database for all tabs of a site: the tab that leads has it open, and the sessions of the others run there.
 *
 * - A tab that is closed, or crashes, has its transactions rolled back at once. When it has led, another tab takes over: what it had not
 *   accepted is sent there; where an answer is missing, the session fails with `outcome: "unknown"` (`COMMIT_UNKNOWN` for a COMMIT).
 * - A leader that gives no sign of life is replaced after `leaderTimeoutMs`, and can write nothing to the storage any more.
 * - Events: `change` in all tabs when one has committed, `role` when a tab leads or follows. `db.stats().role` is the role as of now.
 * - `connection.raw` has `export()`. Without Web Locks, as in Node, on pages that were not loaded over HTTPS and where a page's storage is
 *   switched off, it is `adapter` alone.
 *
 * @throws TypeError for a wrong option.
 * @example
 * const worker = () => new Worker(new URL("./database.worker.ts", import.meta.url), { type: "module" });
 * const db = createDatabase("sqljs:shop", { adapters: [sqlJsTabs({ adapter: sqlJsWorker({ worker }) })] });
 */
export function sqlJsTabs(options: SqlJsTabsOptions): AdapterFactory {
  checkNames(options, ["adapter", "leaderTimeoutMs"] satisfies (keyof SqlJsTabsOptions)[], "sqlJsTabs()");
  const { adapter: inner, leaderTimeoutMs = 3_000 } = options;
  if (typeof inner?.create !== "function" || !inner.schemes.includes("sqljs"))
    throw new TypeError(
      `Expected \`adapter\` to be what \`sqlJs()\` or \`sqlJsWorker()\` returns, got \`${typeof inner}\``,
    );
  if (!(leaderTimeoutMs > 0)) throw new TypeError(`Expected \`leaderTimeoutMs\` to be > 0, got \`${leaderTimeoutMs}\``);
  return {
    dialect: "sqlite",
    schemes: ["sqljs"],
    identity: ["tabs", leaderTimeoutMs, ...inner.identity],
    create: (source: AdapterSource) => {
      const platform = tabPlatform();
      const isShared = platform && nameIn(source.url) !== "memory";
      return isShared ? new TabsAdapter(platform, inner, source, leaderTimeoutMs) : inner.create(source);
    },
  };
}
