import type { DatabaseEvent } from "../../index.ts";
import { Channel, type DiagnosticsChannels } from "./channel.ts";
import type { EventListener } from "./opentelemetry.ts";

/**
 * Publishes what a database does as tracing channels: `isopool:session`, `isopool:acquire`, `isopool:open`, `isopool:flight`.
 * Monitoring tools subscribe to those without knowing isopool. Nothing is published while nobody subscribes.
 *
 * `isopool:open` is published when the connection is open, with its `startedAt` and `durationMs`, or has failed, with the time of
 * that as `startedAt`; the others as they happen.
 *
 * @param channels - the module: `import * as channels from "node:diagnostics_channel"`; also in Workers with `nodejs_compat`.
 * @throws TypeError if it has no tracing channels.
 * @example
 * import * as channels from "node:diagnostics_channel";
 * const stop = db.subscribe(diagnostics(channels));
 */
export function diagnostics(channels: DiagnosticsChannels): EventListener {
  if (typeof channels?.tracingChannel !== "function")
    throw new TypeError("Expected `channels` to be the module `node:diagnostics_channel`, with tracingChannel()");
  const publisher: Handlers = new Publisher(channels);
  return (event) => publisher[event.type]?.(event as never);
}

type Event<Type extends DatabaseEvent["type"]> = Extract<DatabaseEvent, { type: Type }>;

/** What is done with an event, by its type. */
type Handlers = { readonly [Type in DatabaseEvent["type"]]?: (event: Event<Type>) => void };

class Publisher implements Handlers {
  readonly #session: Channel;
  readonly #acquire: Channel;
  readonly #open: Channel;
  readonly #flight: Channel;

  constructor(channels: DiagnosticsChannels) {
    this.#session = new Channel(channels, "session");
    this.#acquire = new Channel(channels, "acquire");
    this.#open = new Channel(channels, "open");
    this.#flight = new Channel(channels, "flight");
  }

  session({ pool, at, session, parent, name }: Event<"session">): void {
    this.#session.start(session, { pool, startedAt: at, session, parent, name });
  }

  end({ at, session, outcome, error }: Event<"end">): void {
    // Only if it still waits.
    this.#acquire.finish(session, { error }, at);
    this.#session.finish(session, { outcome, error }, at);
  }

  wait({ pool, at, owner }: Event<"wait">): void {
    if (owner) this.#acquire.start(owner.id, { pool, startedAt: at, session: owner.id });
  }

  acquire({ pool, at, owner, connection, waitedMs: durationMs }: Event<"acquire">): void {
    const key = owner?.id ?? 0;
    // It has started already, if it had to wait.
    this.#acquire.start(key, { pool, startedAt: at - durationMs, session: owner?.id });
    this.#acquire.finish(key, { connection, durationMs });
  }

  open({ pool, at, connection, durationMs }: Event<"open">): void {
    this.#open.whole({ pool, startedAt: at - durationMs, connection }, { durationMs });
  }

  error({ pool, at, during, error }: Event<"error">): void {
    if (during === "open") this.#open.whole({ pool, startedAt: at }, { error });
  }

  send({ pool, at, session, connection, statements }: Event<"send">): void {
    this.#flight.start(session, { pool, startedAt: at, session, connection, statements });
  }

  flight({ session, durationMs, isOk, error }: Event<"flight">): void {
    this.#flight.finish(session, { durationMs, error: isOk ? undefined : error });
  }
}
