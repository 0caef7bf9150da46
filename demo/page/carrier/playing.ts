// One run of a worker, as far as it has got.

import type { Look, Name, News } from "./news.ts";

export class Playing extends EventTarget {
  readonly looks: Look[] = [];
  readonly errors = new Map<Name, string>();
  /** Rows that were kept; `undefined` while it runs. */
  rows: number | undefined;
  /** Why the worker did not start; `""` when it did. */
  problem = "";
  readonly #worker: Worker;

  /** Fires `change` whenever there is news. */
  constructor(worker: Worker) {
    super();
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<News>) => this.#hear(data));
    worker.addEventListener("error", ({ message }) => this.#fail(message || "The worker did not start."));
  }

  get isOver(): boolean {
    return this.rows !== undefined || this.problem !== "";
  }

  /** Places in order of their first look. */
  get places(): readonly string[] {
    return [...new Set(this.looks.map(({ place }) => place))];
  }

  get rightLooks(): number {
    return this.looks.filter(({ name, seen }) => name === seen).length;
  }

  /** Who was current there; `undefined` when it has not got there. */
  seenAt(place: string, name: Name): Name | null | undefined {
    return this.looks.find((look) => look.place === place && look.name === name)?.seen;
  }

  stop(): void {
    this.#worker.terminate();
  }

  #hear(news: News): void {
    if (news.type === "look") this.looks.push(news);
    else if (news.type === "end") this.errors.set(news.name, news.error);
    else this.rows = news.rows;
    this.dispatchEvent(new Event("change"));
  }

  #fail(problem: string): void {
    this.problem = problem;
    this.dispatchEvent(new Event("change"));
  }
}

export const BUILDS = {
  with: {
    title: "With the plugin",
    start: (): Playing => new Playing(new Worker(new URL("./with-plugin.ts", import.meta.url), { type: "module" })),
  },
  without: {
    title: "Without it",
    start: (): Playing => new Playing(new Worker(new URL("./without-plugin.ts", import.meta.url), { type: "module" })),
  },
} as const;

export type Build = keyof typeof BUILDS;
