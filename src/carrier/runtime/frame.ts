// One call of an async function: who is current in it, and who is once it leaves.
//
// Compiled code has no name of outside but the one that makes its frame. So the text of a function still runs where there is no
// run-time half, in a page that a test drives or a worker that is made of it: there its frame is made of nothing. See the
// transform's site.ts. The methods have one letter each: every await of a page writes two of them, and no bundler may shorten them.

import { toAwaited } from "./awaited.ts";
import { carried, isObject } from "./carried.ts";
import { type Mapping, page } from "./page.ts";

page.isTransformed = true;

/** A part of the run-time half that few functions need: it is loaded by those that name it. */
type Helper<T, R> = (frame: Frame, value: T) => R;

export class Frame {
  /** The context it was called in, and resumes in. */
  declare readonly context: Mapping;
  /** Who is current once this leaves: the caller's context up to the first suspension, afterwards none. */
  declare base: Mapping;
  declare isSuspended: boolean;

  constructor(isSuspended: boolean) {
    this.context = this.base = page.current;
    this.isSuspended = isSuspended;
  }

  /** Leaves, with the value that is about to be awaited. */
  l<T>(value: T): T {
    const awaited = toAwaited(value, this.context);
    this.x();
    this.isSuspended = true;
    return awaited;
  }

  /** Back, with the value that was awaited: `l` came before it, so it asks nothing. */
  b<T>(value?: T): T | undefined {
    this.base = undefined;
    this.isSuspended = false;
    page.current = this.context;
    return value;
  }

  /**
   * The start of a `catch`, a `finally` or the body of a `for await`: resumed, if it was suspended. Or an async generator resumes,
   * with the value that it was sent: the consumer's context is current when it leaves again.
   */
  c<T>(value?: T): T | undefined {
    if (this.isSuspended) {
      this.base = page.current;
      this.isSuspended = false;
      page.current = this.context;
    }
    return value;
  }

  /** What is returned: a thenable is asked in the context that is current here, a promise for a `then` of its own. */
  t<T>(value: T): T {
    // Mostly it is no object. Then the long function is not even called, so engines have room to inline the others.
    return page.current && isObject(value) ? carried(value, page.current) : value;
  }

  /** The exit of the call, or of a step. Where it has left already, as when a rejection ended it, the context here is not its own. */
  x(): void {
    if (!this.isSuspended) page.current = this.base;
  }

  /** Has a helper do it. */
  h<T, R>(value: T, helper: () => Helper<T, R>): R {
    return helper()(this, value);
  }
}

/** Nobody is current when such a call leaves, nor when the engine is back: it costs next to nothing. */
class Nobody {
  l(value: unknown): unknown {
    return value;
  }
  b(value: unknown): unknown {
    return value;
  }
  t(value: unknown): unknown {
    return value;
  }
  c(value: unknown): unknown {
    return value;
  }
  x(): void {}
  h(value: unknown): unknown {
    return value;
  }
}
const nobody = new Nobody() as unknown as Frame;

/** Begins a call of an async function. */
export function enter(): Frame {
  return page.current ? new Frame(false) : nobody;
}

/** Begins a call of an async generator, which waits for its consumer. It always has its own frame: the consumer may have a context. */
export function enterGenerator(): Frame {
  return new Frame(true);
}
