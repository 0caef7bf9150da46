import type {
  Adapter,
  AdapterFactory,
  AdapterSource,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../../contract/adapter.ts";
import type { AdapterEvent, AdapterStatus } from "../../../contract/events.ts";
import type { Statement } from "../../../contract/statement.ts";
import { nameIn } from "../adapter.ts";
import { connectFailed } from "../errors.ts";
import type { TabPlatform } from "./platform.ts";
import { Tab } from "./tab.ts";
import { TabsConnection } from "./tabs-connection.ts";

/** With another wire it is another name: tabs of two versions do not share, and the storage serves one of them. */
const WIRE = "isopool-tabs-1";

/** One user of a database that tabs share. */
export class TabsAdapter implements Adapter {
  readonly name: string;
  readonly key: string | undefined;
  readonly capabilities: Capabilities;
  readonly #platform: TabPlatform;
  readonly #inner: AdapterFactory;
  readonly #source: AdapterSource;
  readonly #leaderTimeoutMs: number;
  /** Never opened: it knows what statements may be. */
  readonly #model: Adapter;
  #emit: ((event: AdapterEvent) => void) | undefined;
  #tab: Tab | undefined;
  #connection: DriverConnection | undefined;

  constructor(platform: TabPlatform, inner: AdapterFactory, source: AdapterSource, leaderTimeoutMs: number) {
    this.#platform = platform;
    this.#inner = inner;
    this.#source = source;
    this.#leaderTimeoutMs = leaderTimeoutMs;
    this.#model = inner.create(source);
    ({ name: this.name, key: this.key, capabilities: this.capabilities } = this.#model);
  }

  get status(): AdapterStatus | undefined {
    const { role, adapter } = this.#tab?.seat ?? {};
    return role && { ...adapter!.status, role };
  }

  check(statement: Statement, place: StatementPlace): void {
    this.#model.check?.(statement, place);
  }

  split(text: string): readonly string[] {
    return this.#model.split?.(text) ?? [text];
  }

  listen(listener: (event: AdapterEvent) => void): void {
    this.#emit = listener;
  }

  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    if (this.#connection) throw connectFailed("its connection is detached: close it");
    const tab = (this.#tab ??= this.#join());
    const opened = await TabsConnection.open(tab, url, signal, () => {
      if (this.#connection === opened) this.#connection = undefined;
    });
    return (this.#connection = opened);
  }

  async dispose(): Promise<void> {
    const tab = this.#tab;
    this.#tab = undefined;
    await tab?.leave();
  }

  #join(): Tab {
    const { url, folder } = this.#source;
    return new Tab({
      platform: this.#platform,
      base: `${WIRE}:${folder && `${folder}/`}${nameIn(url)}`,
      inner: this.#inner,
      source: this.#source,
      leaderTimeoutMs: this.#leaderTimeoutMs,
      emit: (event) => this.#emit?.(event),
    });
  }
}
