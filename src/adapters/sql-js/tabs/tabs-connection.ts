import type {
  DriverConnection,
  Flight,
  QueryStep,
  RowStream,
  StepOutcome,
  StreamOptions,
} from "../../../contract/adapter.ts";
import type { Statement } from "../../../contract/statement.ts";
import { isDbError } from "../../../errors.ts";
import { scan } from "../../sqlite/scan.ts";
import { connectionLost } from "../errors.ts";
import type { ImageConnection } from "../worker/host.ts";
import type { Seat, Tab } from "./tab.ts";

/** What a tab can do with the database, besides sessions. */
export interface TabsDatabase {
  /** The image, as of the last commit. */
  export(): Promise<Uint8Array>;
}

/**
 * A connection to whoever leads. When another tab takes over, it goes on there, unless a transaction was open on it or an answer is
 * missing: what was not accepted is sent again, and settings are made again.
 */
export class TabsConnection implements DriverConnection {
  readonly setup: readonly Statement[] = [];
  readonly raw: TabsDatabase;
  readonly #tab: Tab;
  readonly #url: string;
  readonly #onClose: () => void;
  #seat: Seat;
  #inner: DriverConnection;
  /** When its leader was last heard, it could have gone on with another one. */
  #canMove = true;
  #isClosed = false;
  /** What setup and hooks have set. */
  readonly #settings: QueryStep[] = [];

  private constructor(tab: Tab, url: string, seat: Seat, inner: DriverConnection, onClose: () => void) {
    this.#tab = tab;
    this.#url = url;
    this.#seat = seat;
    this.#inner = inner;
    this.#onClose = onClose;
    this.raw = {
      export: async () => ((await this.#at()) as ImageConnection).image(),
    };
  }

  static async open(tab: Tab, url: string, signal: AbortSignal, onClose: () => void): Promise<TabsConnection> {
    const [seat, inner] = await openAt(tab, url, signal);
    return new TabsConnection(tab, url, seat, inner, onClose);
  }

  get state(): DriverConnection["state"] {
    const { state } = this.#inner;
    if (this.#isClosed || state !== "closed") return this.#isClosed ? "closed" : state;
    return this.#canMove ? "idle" : "closed";
  }

  get isReusable(): boolean {
    return this.state === "idle" && (this.#inner.state === "closed" || this.#inner.isReusable);
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    for (;;) {
      try {
        const outcomes = await (await this.#at(signal)).send(flight, signal);
        this.#note(flight);
        return outcomes;
      } catch (error) {
        this.#moveOn(error, signal);
      }
    }
  }

  stream(statement: Statement, options: StreamOptions): RowStream {
    let rows: RowStream | undefined;
    return {
      next: async () => {
        const isFirst = !rows;
        for (;;) {
          try {
            rows ??= (await this.#at(options.signal)).stream!(statement, options);
            const result = await rows.next();
            this.#note();
            return result;
          } catch (error) {
            if (!isFirst) this.#canMove = false;
            this.#moveOn(error, options.signal);
            rows = undefined;
          }
        }
      },
      return: async () => rows?.return(),
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose();
    await this.#inner.close();
  }

  /** The connection at the tab that leads now. */
  async #at(signal: AbortSignal = NEVER): Promise<DriverConnection> {
    if (this.#seat.role === "leader") await this.#tab.verify();
    if (this.state === "closed") throw connectionLost();
    if (this.#inner.state !== "closed") return this.#inner;
    [this.#seat, this.#inner] = await openAt(this.#tab, this.#url, signal);
    if (this.#isClosed) {
      await this.#inner.close();
      throw connectionLost();
    }
    if (this.#settings.length > 0) await this.#inner.send({ steps: this.#settings }, signal);
    return this.#inner;
  }

  #note(flight?: Flight): void {
    const { state, isReusable } = this.#inner;
    if (state !== "closed") this.#canMove = state === "idle" && isReusable;
    for (const step of flight?.steps ?? [])
      if (step.kind === "query" && step.isSetup && scan(step.statement.text).leavesState) this.#settings.push(step);
  }

  /** @throws the error, unless the same may be sent to another leader: nothing of it was done, and nothing was left behind. */
  #moveOn(error: unknown, signal: AbortSignal | undefined): void {
    const isUnsent = isDbError(error, "CONNECTION_LOST") && error.outcome === "not-executed";
    const hasMoved = this.#tab.seat !== this.#seat;
    if (this.#inner.state !== "closed") this.#note();
    else if (isUnsent && hasMoved && this.#canMove && !this.#isClosed && !signal?.aborted) return;
    else if (!this.#isClosed) {
      this.#isClosed = true;
      this.#onClose();
    }
    throw error;
  }
}

const NEVER: AbortSignal = new AbortController().signal;

async function openAt(tab: Tab, url: string, signal: AbortSignal): Promise<[Seat, DriverConnection]> {
  for (;;) {
    const seat = await tab.seated(signal);
    try {
      return [seat, await seat.adapter.open({ url, signal })];
    } catch (error) {
      // To open is nothing that may not be done twice.
      if (signal.aborted || tab.seat === seat) throw error;
    }
  }
}
