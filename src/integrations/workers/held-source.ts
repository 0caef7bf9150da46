import type { WaitUntil } from "../../contract/runtime.ts";
import type { PoolSource } from "../../pool/source.ts";

/**
 * A source whose closes keep the request alive: nobody awaits them, and one may have a statement to cancel first, which takes
 * its time at the server.
 *
 * @param waitUntil - of whoever asked for a connection last.
 */
export function heldSource<C>(source: PoolSource<C>, waitUntil: () => WaitUntil | undefined): PoolSource<C> {
  return {
    open: (options) => source.open(options),
    close: (connection) => {
      const closing = (async () => source.close(connection))();
      waitUntil()?.(closing.catch(() => undefined));
      return closing;
    },
    ...(source.validate && {
      validate: (connection: C, options: { readonly signal: AbortSignal }) => source.validate!(connection, options),
    }),
    ...(source.isClosed && { isClosed: (connection: C) => source.isClosed!(connection) }),
    ...(source.silentMs && { silentMs: (connection: C) => source.silentMs!(connection) }),
  };
}
