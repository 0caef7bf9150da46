// A context that is kept by hand: it costs nothing, and follows no await. The players enter it again for each call; inside of the
// library it is current for as long as a carrier's would be.

import type { ContextProvider, Frame } from "../../src/contract/context.ts";

export class Ambient implements ContextProvider {
  readonly name = "ambient";
  readonly absenceProves = false;
  frame: Frame | undefined;

  current(): Frame | undefined {
    return this.frame;
  }

  run<T>(frame: Frame | undefined, work: () => T): T {
    const before = this.frame;
    this.frame = frame;
    try {
      return work();
    } finally {
      this.frame = before;
    }
  }
}
