import type { Adapter, AdapterFactory } from "../../../contract/adapter.ts";
import type { Abandonable, SqlJsSource } from "../storage.ts";
import type { TabPlatform } from "./platform.ts";
import { ServedTab } from "./served-tab.ts";

/** The time that this tab leads: it has the database open, and serves the other tabs. */
export class Reign {
  /** Larger than that of every leader before. */
  readonly term: number;
  /** For the sessions of this tab. */
  readonly adapter: Adapter;
  /** Settles at the end of it: the lock is held until then. */
  readonly over: Promise<void>;
  readonly #platform: TabPlatform;
  readonly #base: string;
  readonly #factory: AdapterFactory;
  readonly #tabs: Map<string, ServedTab> = new Map();
  readonly #adapters: Set<Abandonable> = new Set();
  readonly #watches: AbortController = new AbortController();
  #resolve: () => void = () => undefined;

  constructor(platform: TabPlatform, base: string, term: number, inner: AdapterFactory, source: SqlJsSource) {
    this.#platform = platform;
    this.#base = base;
    this.term = term;
    this.over = new Promise((resolve) => (this.#resolve = resolve));
    const { takesOver } = source;
    this.#factory = {
      ...inner,
      create: (from) => {
        const adapter = inner.create({ ...from, takesOver } as SqlJsSource);
        this.#adapters.add(adapter);
        return adapter;
      },
    };
    this.adapter = this.#factory.create(source);
  }

  /** Another tab wants to be served; asked again, it is told again. */
  admit(id: string): void {
    if (this.#watches.signal.aborted) return;
    const tab = this.#tabs.get(id) ?? this.#serve(id);
    tab.welcome();
  }

  /** Another tab leads now: all that is open is lost, and this one writes nothing any more. */
  depose(): void {
    for (const adapter of this.#adapters) adapter.abandon?.();
    this.#stopWatching();
    for (const tab of this.#tabs.values()) void tab.end().catch(() => undefined);
    void Promise.resolve(this.adapter.dispose?.()).catch(() => undefined);
  }

  /** Ends it by itself: what was accepted is done, and all is saved. */
  async finish(): Promise<void> {
    this.#stopWatching();
    try {
      await Promise.all([...this.#tabs.values()].map((tab) => tab.finish()));
      await this.adapter.dispose?.();
    } finally {
      this.#resolve();
    }
  }

  #serve(id: string): ServedTab {
    const tab = new ServedTab(this.#platform.channel(channelOf(this.#base, this.term, id)), this.#factory);
    this.#tabs.set(id, tab);
    // A tab holds a lock of its own for as long as it lives.
    const gone = async (): Promise<void> => {
      this.#tabs.delete(id);
      await tab.end();
    };
    const { signal } = this.#watches;
    this.#platform.locks.request(lockOf(this.#base, id), { signal }, gone).catch(() => undefined);
    return tab;
  }

  #stopWatching(): void {
    this.#watches.abort();
  }
}

/** The channel between a leader and one other tab. */
export function channelOf(base: string, term: number, id: string): string {
  return `${base}/${term}/${id}`;
}

/** What a tab holds while it lives. */
export function lockOf(base: string, id: string): string {
  return `${base}/${id}`;
}
