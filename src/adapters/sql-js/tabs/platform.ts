import { type Locks, webLocks } from "../storage/platform.ts";

/** A `BroadcastChannel`, as far as it is used. */
export interface Channel {
  /** Nothing, once it was closed. */
  post(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
  close(): void;
}

/** By what the tabs of one site reach each other. */
export interface TabPlatform {
  readonly locks: Locks;
  channel(name: string): Channel;
}

interface Broadcast {
  postMessage(message: unknown, nothing: never[]): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  close(): void;
}

/** @returns `undefined` where tabs have nothing in common: outside of browsers, and on pages that were not loaded over HTTPS. */
export function tabPlatform(): TabPlatform | undefined {
  const locks = webLocks();
  const { BroadcastChannel: Class } = globalThis as { BroadcastChannel?: new (name: string) => Broadcast };
  return locks && Class && { locks, channel: (name) => toChannel(new Class(name)) };
}

function toChannel(broadcast: Broadcast): Channel {
  let isClosed = false;
  return {
    post: (message) => {
      if (!isClosed) broadcast.postMessage(message, []);
    },
    // What was on its way when it was closed may still arrive.
    listen: (listener) => broadcast.addEventListener("message", ({ data }) => !isClosed && listener(data)),
    close: () => {
      isClosed = true;
      broadcast.close();
    },
  };
}
