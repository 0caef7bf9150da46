import type { AdapterFactory } from "../../../contract/adapter.ts";
import { Host } from "../worker/host.ts";
import type { Ask, Question } from "../worker/messages.ts";
import type { Channel } from "./platform.ts";

/** A tab's answer to `isAccepted`. */
export interface Acknowledgement {
  readonly acknowledged: number;
}

/** Another tab, as the leader serves it. */
export class ServedTab {
  readonly #channel: Channel;
  readonly #host: Host;
  /** What runs, and on which connection: an `open` counts as on the one that it opens. */
  readonly #running: Map<Promise<void>, number | undefined> = new Map();
  readonly #connections: Set<number> = new Set();
  #isOver = false;
  /** Those before are begun, in the order in which they came. */
  #begun: Promise<void> = Promise.resolve();
  readonly #acknowledge: Map<number, () => void> = new Map();

  constructor(channel: Channel, factory: AdapterFactory) {
    this.#channel = channel;
    this.#host = new Host(factory, false, (answer) => channel.post(answer));
    channel.listen((message) => this.#hear(message as Question | Acknowledgement));
  }

  /** It may ask now. */
  welcome(): void {
    this.#channel.post({ isWelcome: true });
  }

  /** The tab is gone, or the database: what it has open is rolled back. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#channel.close();
    await this.#host.end();
  }

  /** The leader goes: what runs is answered, and nothing more is accepted. A transaction that waits for its tab is rolled back. */
  async finish(): Promise<void> {
    this.#isOver = true;
    // Those that wait for their turn get it when the others are closed.
    await Promise.all([...this.#connections].map((connection) => this.#finishOne(connection)));
    await Promise.all(this.#running.keys());
    await this.end();
  }

  async #finishOne(connection: number): Promise<void> {
    await Promise.all([...this.#running].filter(([, on]) => on === connection).map(([done]) => done));
    await this.#host.receive({ id: 0, ask: { op: "close", connection } });
  }

  /**
   * What the tab does not know to be accepted, it asks of the next leader: nothing is begun before it has said that it knows. A
   * message that was only posted is lost with a tab that crashes, and what it stood for would be done twice.
   */
  #hear(message: Question | Acknowledgement): void {
    if ("acknowledged" in message) return this.#acknowledge.get(message.acknowledged)?.();
    // Not accepted, it is asked of the next leader.
    if (this.#isOver) return;
    const known = "ask" in message ? this.#accept(message.id) : undefined;
    this.#begun = this.#begun.then(() => known).then(() => this.#receive(message));
  }

  #accept(id: number): Promise<void> {
    return new Promise((resolve) => {
      this.#acknowledge.set(id, () => {
        this.#acknowledge.delete(id);
        resolve();
      });
      this.#channel.post({ id, isAccepted: true });
    });
  }

  #receive(question: Question): void {
    if (this.#isOver) return;
    const done = this.#host.receive(question);
    if (!("ask" in question)) return;
    const on = connectionOf(question.ask);
    if (on !== undefined) this.#connections.add(on);
    if (question.ask.op === "close") this.#connections.delete(question.ask.connection);
    this.#running.set(done, on);
    void done.finally(() => this.#running.delete(done));
  }
}

function connectionOf(ask: Ask): number | undefined {
  return "connection" in ask ? ask.connection : undefined;
}
