/** What happens to a request: it is lost, or its answer is. */
export type Trouble = "lost before" | "lost after";

/** Who comes next is drawn by lot, once everybody has said all that there is to say: the same seed gives the same order. */
export class Wire {
  readonly #random: () => number;
  readonly #waiting: ((trouble: Trouble | undefined) => void)[] = [];
  #isDrawing = false;
  /** How many of a hundred requests are lost, or their answers. */
  losses = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<Trouble | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#isDrawing) return;
      this.#isDrawing = true;
      // Behind all microtasks: whoever goes on by itself has done so.
      setImmediate(() => this.#draw());
    });
  }

  #draw(): void {
    const [next] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1);
    const lot = this.#random() * 100;
    next!(lot >= this.losses ? undefined : lot < this.losses / 2 ? "lost before" : "lost after");
    this.#isDrawing = this.#waiting.length > 0;
    if (this.#isDrawing) setImmediate(() => this.#draw());
  }
}
