import { systemClock } from "../../../clock.ts";
import type { Adapter, AdapterFactory } from "../../../contract/adapter.ts";
import type { AdapterEvent, TabRole } from "../../../contract/events.ts";
import { reasonOf, throwIfAborted } from "../../../signal.ts";
import type { SqlJsSource } from "../storage.ts";
import { Client, type WorkerHandle } from "../worker/client.ts";
import { RemoteAdapter } from "../worker/remote-adapter.ts";
import type { Channel, TabPlatform } from "./platform.ts";
import { Pulse } from "./pulse.ts";
import { channelOf, lockOf, Reign } from "./reign.ts";
import type { Acknowledgement } from "./served-tab.ts";

/** What all tabs hear. `who` asks for the leader, which answers; `hello` asks that leader to serve a tab. */
type Call = { readonly who: true } | { readonly leading: number } | { readonly hello: string; readonly term: number };

/** Where the sessions of a tab go: to the database in the tab that leads, and to that tab in all others. */
export interface Seat {
  readonly role: TabRole;
  readonly adapter: Adapter;
}

export interface TabOptions {
  readonly platform: TabPlatform;
  /** Names the database, for all tabs alike. */
  readonly base: string;
  readonly inner: AdapterFactory;
  readonly source: SqlJsSource;
  readonly leaderTimeoutMs: number;
  readonly emit: (event: AdapterEvent) => void;
}

/** A statement that was given up is answered by its leader, or else after this long. */
const STOP_MS = 1_000;

interface Follower extends Seat {
  readonly client: Client;
}

/** One tab of those that share a database: leads, or follows the one that does. */
export class Tab {
  seat: Seat | undefined;
  readonly #options: TabOptions;
  readonly #id: string = globalThis.crypto.randomUUID();
  readonly #calls: Channel;
  readonly #pulse: Pulse;
  readonly #waiting: Set<() => void> = new Set();
  #leave: () => void = () => undefined;
  /** The place in line for the lock of the leader. */
  #line: AbortController = new AbortController();
  #reign: Reign | undefined;
  #follower: Follower | undefined;
  /** Of the newest leader that was heard of. */
  #term = 0;
  /** The seat is one of the engine's users again. */
  #joining: Promise<void> | undefined;
  #wasSeated = false;
  #isOver = false;
  #isAlone = false;
  #verifiedAt = 0;

  /** Takes part from now on. */
  constructor(options: TabOptions) {
    const { platform, base, leaderTimeoutMs } = (this.#options = options);
    this.#pulse = new Pulse({
      timeoutMs: leaderTimeoutMs,
      isAsking: () => this.#isAsking,
      ask: () => this.#call({ who: true }),
      onSilence: () => void this.#takeOver(),
    });
    this.#calls = platform.channel(base);
    this.#calls.listen((call) => this.#hear(call as Call));
    // Held before a leader hears of this tab: it waits for this lock to know when the tab is gone.
    const alive = new Promise<void>((leave) => (this.#leave = leave));
    platform.locks
      .request(lockOf(base, this.#id), {}, () => {
        if (!this.#isOver) this.#standInLine();
        return alive;
      })
      .catch(() => this.#leadAlone());
  }

  /**
   * Waits until there is a leader.
   *
   * @throws the signal's own reason, unchanged.
   */
  async seated(signal: AbortSignal): Promise<Seat> {
    for (;;) {
      throwIfAborted(signal);
      const { seat } = this;
      if (!seat) await this.#change(signal);
      else await this.#joining;
      if (seat && this.seat === seat) return seat;
    }
  }

  /** Sees to it that a leader leads. One that was frozen may not have heard yet that it was replaced: it has when this settles. */
  async verify(): Promise<void> {
    const { platform, base, leaderTimeoutMs } = this.#options;
    const now = systemClock.now();
    // Sooner than that, nobody has taken its place.
    const isFresh = this.#isAlone || now - this.#verifiedAt < leaderTimeoutMs / 2;
    this.#verifiedAt = now;
    // The browser tells of locks in its order.
    if (!isFresh) await platform.locks.request(`${base}/${this.#id}/verify`, {}, () => Promise.resolve());
  }

  /** Takes no part any more. A leader finishes what it has accepted, and another one follows. */
  async leave(): Promise<void> {
    this.#isOver = true;
    this.#pulse.stop();
    this.#line.abort();
    this.#unseat();
    try {
      await this.#reign?.finish();
    } finally {
      this.#reign = undefined;
      this.#calls.close();
      this.#leave();
    }
  }

  #standInLine(): void {
    this.#line = new AbortController();
    this.#request({ signal: this.#line.signal });
    this.#call({ who: true });
  }

  /** @param onLead - called once this tab leads. */
  #request(options: { signal?: AbortSignal; steal?: boolean }, onLead?: () => void): void {
    const { platform, base } = this.#options;
    let reign: Reign | undefined;
    platform.locks
      .request(base, options, () => {
        if (this.#isOver) return Promise.resolve();
        reign = this.#lead(options.steal === true);
        onLead?.();
        return reign.over;
      })
      // Taken from it; or it has left the line, and never had it.
      .catch(() => reign && this.#step(reign));
  }

  /** Locks are refused where a page's storage is switched off: nothing is shared there, and nobody else leads. */
  #leadAlone(): void {
    if (this.#isOver) return;
    this.#isAlone = true;
    this.#calls.close();
    this.#lead(false);
  }

  #lead(isStolen: boolean): Reign {
    const { platform, base, inner, source } = this.#options;
    const takesOver = isStolen || this.#term > 0;
    this.#term = Math.max(this.#term + 1, systemClock.now());
    this.#reign = new Reign(platform, base, this.#term, inner, { ...source, takesOver });
    this.#unseat();
    this.#call({ leading: this.#term });
    this.#sit({ role: "leader", adapter: this.#reign.adapter });
    return this.#reign;
  }

  /** Steps down: another tab leads. */
  #step(reign: Reign): void {
    if (this.#reign !== reign) return;
    this.#reign = this.seat = undefined;
    reign.depose();
    if (!this.#isOver) this.#standInLine();
  }

  #hear(call: Call): void {
    const reign = this.#reign;
    if ("leading" in call) this.#hearLeader(call.leading);
    else if (!reign) return;
    else if ("who" in call) this.#call({ leading: reign.term });
    else if (call.term === reign.term && !this.#isOver) reign.admit(call.hello);
  }

  #hearLeader(term: number): void {
    // One that was deposed and does not know it yet.
    if (term < this.#term) return;
    if (this.#reign && term > this.#reign.term) this.#step(this.#reign);
    if (this.#reign || this.#isOver) return;
    this.#pulse.hear();
    if (term > this.#term || !this.#follower) this.#connect(term);
    if (!this.seat) this.#call({ hello: this.#id, term });
  }

  #connect(term: number): void {
    const { platform, base, source } = this.#options;
    this.#term = term;
    this.#unseat();
    const channel = platform.channel(channelOf(base, term, this.#id));
    const client = new Client(this.#carrier(channel), STOP_MS, () => undefined);
    // What goes on behind it is the leader's business.
    client.isKept = false;
    const adapter = new RemoteAdapter({ start: () => client, leave: () => undefined }, source);
    const follower = (this.#follower = { role: "follower", adapter, client } as const);
    channel.listen((data) => {
      this.#pulse.hear();
      const { id, isAccepted } = data as { readonly id?: number; readonly isAccepted?: true };
      if (isAccepted && id !== undefined) channel.post({ acknowledged: id } satisfies Acknowledgement);
      const isWelcome = (data as { isWelcome?: true }).isWelcome && !this.seat;
      if (isWelcome && this.#follower === follower) this.#sit(follower);
    });
  }

  #carrier(channel: Channel): WorkerHandle {
    return {
      postMessage: (message) => {
        channel.post(message);
        this.#pulse.watch();
      },
      addEventListener: (type: string, listener: (event: { data: unknown }) => void) => {
        if (type === "message") channel.listen((data) => listener({ data }));
      },
      terminate: () => channel.close(),
    };
  }

  /** What was accepted and not answered is unknown from now on; what was not accepted is asked of the next leader. */
  #unseat(): void {
    const client = this.#follower?.client;
    this.#follower = this.seat = undefined;
    client?.end();
  }

  #sit(seat: Seat): void {
    const { emit } = this.#options;
    seat.adapter.listen?.(emit);
    this.seat = seat;
    emit({ type: "role", role: seat.role });
    if (this.#wasSeated) this.#joining = this.#rejoin(seat);
    this.#wasSeated = true;
    for (const settle of this.#waiting) settle();
  }

  /** Opens the database once: an idle tab hears of commits as well. Whether it has missed any, nobody knows. */
  async #rejoin(seat: Seat): Promise<void> {
    const { emit, source } = this.#options;
    try {
      const connection = await seat.adapter.open({ url: source.url, signal: new AbortController().signal });
      await connection.close();
      emit({ type: "change", isOwn: false });
    } catch {
      // The next session is told.
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const abort = (): void => (reject(reasonOf(signal)), settle());
      this.#waiting.add(settle);
      signal.addEventListener("abort", abort, { once: true });
      this.#pulse.watch();
    });
  }

  get #isAsking(): boolean {
    const isBusy = this.#waiting.size > 0 || this.#follower?.client.isBusy === true;
    return isBusy && !this.#reign && !this.#isOver;
  }

  /** Takes the lock of a leader that gives no sign of life. One tab at a time: the next one hears of the new leader first. */
  async #takeOver(): Promise<void> {
    const { platform, base } = this.#options;
    await platform.locks.request(`${base}/takeover`, { ifAvailable: true }, async (lock) => {
      if (!lock || (await this.#pulse.probe()) || !this.#isAsking) return;
      this.#line.abort();
      await new Promise<void>((resolve) => this.#request({ steal: true }, resolve));
    });
    this.#pulse.watch();
  }

  #call(call: Call): void {
    this.#calls.post(call);
  }
}
