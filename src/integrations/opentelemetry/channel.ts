interface ChannelLike {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
  /** Publishes, and runs what tools bind to the channel to begin a span. */
  runStores?(message: object, work: () => void): unknown;
}

interface TracingChannelLike {
  readonly start: ChannelLike;
  readonly end: ChannelLike;
  readonly asyncStart: ChannelLike;
  readonly asyncEnd: ChannelLike;
  readonly error: ChannelLike;
}

/** `import * as channels from "node:diagnostics_channel"`. */
export interface DiagnosticsChannels {
  tracingChannel(name: string): TracingChannelLike;
}

/** What `isopool:session`, `isopool:acquire`, `isopool:open` and `isopool:flight` publish: one object from `start` to `asyncEnd`. */
export interface DiagnosticsMessage {
  readonly pool: string;
  /** When it began, in milliseconds. */
  readonly startedAt: number;
  readonly session?: number | undefined;
  /** The session that waits for this one. */
  readonly parent?: number | undefined;
  /** Of the session, if it has one. */
  readonly name?: string | undefined;
  /** SQL of a flight, without values. */
  readonly statements?: readonly string[] | undefined;
  connection?: number | undefined;
  /** From `asyncStart` on. */
  durationMs?: number | undefined;
  /** Of a session. */
  outcome?: "done" | "failed" | "aborted" | undefined;
  error?: unknown;
}

type Finish = Pick<DiagnosticsMessage, "connection" | "durationMs" | "outcome" | "error">;

/** One tracing channel, and what has started on it and not ended. */
export class Channel {
  readonly #channel: TracingChannelLike;
  readonly #open: Map<number, DiagnosticsMessage> = new Map();

  constructor(channels: DiagnosticsChannels, name: string) {
    this.#channel = channels.tracingChannel(`isopool:${name}`);
  }

  get isHeard(): boolean {
    const { start, end, asyncStart, asyncEnd, error } = this.#channel;
    return (
      start.hasSubscribers ||
      asyncEnd.hasSubscribers ||
      error.hasSubscribers ||
      end.hasSubscribers ||
      asyncStart.hasSubscribers
    );
  }

  start(key: number, message: DiagnosticsMessage): void {
    if (!this.isHeard || this.#open.has(key)) return;
    this.#open.set(key, message);
    const { start, end } = this.#channel;
    if (start.runStores) start.runStores(message, () => end.publish(message));
    else {
      start.publish(message);
      end.publish(message);
    }
  }

  /** @param at - when it ended, if `rest` does not say how long it took. */
  finish(key: number, rest: Finish, at?: number): void {
    const message = this.#open.get(key);
    if (!message) return;
    this.#open.delete(key);
    Object.assign(message, at !== undefined && { durationMs: at - message.startedAt }, rest);
    if (rest.error !== undefined) this.#channel.error.publish(message);
    this.#channel.asyncStart.publish(message);
    this.#channel.asyncEnd.publish(message);
  }

  /** Both at once: it was not known before that it had begun. */
  whole(message: DiagnosticsMessage, rest: Finish): void {
    this.start(-1, message);
    this.finish(-1, rest);
  }
}
