// Stands for other people's code: it knows nothing of contexts, and calls back.

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls until it succeeds. */
export async function retry<T>(work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt === 5) throw error;
      await sleep(1);
    }
  }
}

export async function* pages(count: number): AsyncGenerator<number, void, undefined> {
  for (let page = 0; page < count; page++) {
    await sleep(0);
    yield page;
  }
}

export async function mapLimit<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

/** A lazy query: does its work when somebody waits for it, as query builders do. */
export class LazyQuery<T> implements PromiseLike<T> {
  readonly #work: () => T;

  constructor(work: () => T) {
    this.#work = work;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return Promise.resolve(this.#work()).then(onFulfilled, onRejected);
  }
}

export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
