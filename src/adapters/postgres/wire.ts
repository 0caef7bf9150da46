// What drivers written after `pg` have in common, declared by its shape: the user passes them in.

import type { Failures } from "../shared/failures.ts";
import type { Answer, Part } from "./pipeline.ts";

export interface RawField {
  readonly name: string;
  readonly dataTypeID: number;
}

/** The driver's end of the protocol, as far as messages of our own are written to it. */
export interface Wire {
  readonly stream: {
    readonly writable: boolean;
    write(bytes: Uint8Array): unknown;
  };
}

/** What the driver tells an error of the server by. */
export interface ServerError extends Error {
  readonly code?: string | null | undefined;
  readonly severity?: string | undefined;
  readonly position?: string | number | null | undefined;
  readonly detail?: string | null | undefined;
  readonly hint?: string | null | undefined;
  readonly schema?: string | null | undefined;
  readonly table?: string | null | undefined;
  readonly column?: string | null | undefined;
  readonly dataType?: string | null | undefined;
  readonly constraint?: string | null | undefined;
  /** Where in the server's own code. */
  readonly routine?: string | null | undefined;
}

/** Something that the client's line of queries takes: it writes its messages itself, and gets the answers to them. */
export interface Submittable {
  submit(wire: Wire): void;
  handleRowDescription(message: { readonly fields: readonly RawField[] }): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handleCommandComplete(message: { readonly text: string }): void;
  handleEmptyQuery(): void;
  handlePortalSuspended(): void;
  handleReadyForQuery(): void;
  handleError(error: unknown): void;
  handleCopyInResponse(): void;
  handleCopyData(): void;
}

/** What may keep a process alive. */
interface Holding {
  ref?(): unknown;
  unref?(): unknown;
}

/** The driver's end of the protocol. */
export interface ClientWire extends Wire {
  readonly stream: Wire["stream"] &
    Holding & {
      destroy(): unknown;
      /** `_socket`: of the package `ws`. */
      readonly ws?: { terminate?(): void; readonly _socket?: Holding | null } | null;
    };
  /** Says goodbye. */
  end(): void;
  on(event: string, listener: (message: unknown) => void): unknown;
  prependListener(event: "readyForQuery", listener: (message: { readonly status: string }) => void): unknown;
}

/** The parts of a Client that its types leave out. */
export interface WireClient {
  readonly connection: ClientWire;
  readonly processID: number | null;
  connect(): Promise<unknown>;
  query(query: Submittable): unknown;
  on(event: "error" | "end", listener: (error: unknown) => void): unknown;
}

export interface Answering {
  answer: Promise<Answer>;
  /** The answer to the first part is there. */
  hasBegun: boolean;
}

/** What carries the protocol to a server and back: a transport, open from the start. */
export interface Channel {
  /** The driver's own handle. */
  readonly raw: unknown;
  readonly failures: Failures;
  readonly isOpen: boolean;
  /** Of the last ReadyForQuery: `I`, `T` or `E`; `?` before the first. */
  readonly status: string;
  /** @throws DbError when it has ended. */
  checkOpen(): void;
  /**
   * Sends segments of statements together.
   *
   * @returns the answer. Rejects with a DbError when the connection was lost: `isKept` tells whether what was sent may be
   *   there to stay.
   */
  run(segments: readonly (readonly Part[])[], isKept: boolean): Answering;
  /** Whether its socket keeps the process alive. */
  hold?(isHeld: boolean): void;
  close(): Promise<void>;
}
