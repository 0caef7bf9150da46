// Draws programs from seeds.

import { Dice, drawn } from "./dice.ts";
import { withLazies } from "./lazies.ts";
import type {
  Action,
  Config,
  HookPlan,
  How,
  Limits,
  Program,
  Propagation,
  Request,
  SessionPlan,
  Step,
  Strand,
  Trigger,
} from "./program.ts";

// A program is kept as JSON, which has no Infinity.
const MANY = 1_000_000;

const PROPAGATIONS: readonly Propagation[] = [
  "required",
  "nested",
  "nested",
  "nested",
  "requires-new",
  "mandatory",
  "supports",
  "not-supported",
  "never",
];

export function programOf(seed: number): Program {
  const { config, strands } = new Author(seed).program();
  // Each storage that is in use slows every promise of the process: a few schedules are enough.
  const isStored = config.context === "ambient" && drawn(seed, 78) < 0.04;
  const url = drawn(seed, 79);
  return {
    config: {
      ...config,
      ...(isStored && { context: "async-local" }),
      url: url < 0.8 ? "text" : url < 0.94 ? "function" : config.losses > 0 ? "slow function" : "text",
    },
    strands: withLazies(seed, [...strands, ...turnsOf(seed, config.sources.length)]),
  };
}

/** Drawn apart, so that the rest of each schedule stays as it was. */
function turnsOf(seed: number, databases: number): Strand[] {
  if (drawn(seed, 80) >= 0.3) return [];
  const dice = new Dice(seed + 80_000_000);
  return Array.from({ length: 1 + dice.below(2) }, (_, at) => ({
    id: 1_000_000 + at,
    startMs: dice.chance(0.5) ? 0 : dice.below(60),
    kind: "turn",
    db: dice.below(databases),
    asked: Array.from({ length: 2 + dice.below(5) }, () => ({
      letter: dice.of(["r", "r", "r", "r", "w"]),
      hops: dice.of([0, 0, 0, 1, 2, 3, 6]),
    })),
  }));
}

export function requestsOf(seed: number): {
  readonly config: Config;
  readonly strands: readonly Request[];
  readonly canWake: boolean;
} {
  return new Author(seed).requests();
}

class Author {
  readonly #dice: Dice;
  #id = 0;
  #databases = 1;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  program(): Program {
    const dice = this.#dice;
    const config = this.#config();
    this.#databases = config.sources.length;
    const strands = Array.from({ length: 1 + dice.below(4) }, () => this.#strand());
    return { config, strands };
  }

  requests(): { readonly config: Config; readonly strands: readonly Request[]; readonly canWake: boolean } {
    const dice = this.#dice;
    const { pool, ...rest } = this.#config();
    const canWake = dice.chance(0.5);
    const strands = Array.from({ length: 2 + dice.below(8) }, (): Request => {
      const id = ++this.#id;
      const startMs = dice.below(dice.of([20, 200, 1_000]));
      const cutMs = !canWake && dice.chance(0.3) ? dice.below(120) : undefined;
      const body = this.#body(2).filter(({ kind }) => kind !== "detach" && kind !== "autocommit");
      return {
        id,
        kind: "request",
        startMs,
        cutMs,
        options: { ...this.#plan(true), db: 0 },
        body,
        isWrapped: dice.chance(0.4),
      };
    });
    const config = { ...rest, sources: [0], pool: { ...pool, acquireTimeoutMs: dice.of([200, 1_000, 5_000]) } };
    return { config, strands, canWake };
  }

  #config(): Config {
    const dice = this.#dice;
    const isCalm = dice.chance(0.35);
    const isLossy = !isCalm && dice.chance(0.6);
    const now = dice.of([0, 0, 0.3, 0.9, 1]);
    const max = dice.of([1, 1, 2, 3]);
    return {
      dialect: dice.of(["sqlite", "postgres"]),
      context: dice.of(["explicit", "explicit", "ambient", "ambient"]),
      url: "text",
      sources: dice.of([[0], [0], [0], [0], [0, 0], [0, 1]]),
      tellsDeath: dice.chance(0.5),
      renews: dice.chance(0.3),
      ownSetup: dice.of([0, 0, 1, 2]),
      userSetup: dice.of([0, 0, 1, 2]),
      faults: isCalm ? 0 : dice.of([0.02, 0.06, 0.15]),
      losses: isLossy ? dice.of([0.01, 0.04, 0.12]) : 0,
      now,
      soon: dice.of([0.2, 0.5, 0.9]) * (1 - now),
      firstHook: dice.chance(0.12) ? this.#hook(isCalm) : undefined,
      eachHook: dice.chance(0.12) ? this.#hook(isCalm) : undefined,
      ownClock: dice.chance(0.5),
      checksConnections: dice.chance(0.85),
      pool: {
        max,
        ...(dice.chance(0.2) && { maxIdle: dice.below(max + 1) }),
        acquireTimeoutMs: dice.of([0, 30, 200, 200, 1_000]),
        openTimeoutMs: dice.of([40, 100, 400]),
        idleMs: dice.of([15, 100, 30_000]),
        maxLifetimeMs: dice.of([50, 10_000, 1_800_000]),
        maxUses: dice.of([1, 3, MANY, MANY]),
        validateAfterMs: dice.of([0, 10, 1_000]),
        maxWaiting: dice.chance(0.05) ? dice.below(3) : MANY,
        leakMs: dice.chance(0.1) ? 20 : 0,
      },
    };
  }

  #hook(isCalm: boolean): HookPlan {
    const dice = this.#dice;
    return {
      way: dice.of(["queue", "query", "ambient", "nothing"]),
      fails: isCalm ? 0 : dice.of([0, 0.3]),
      hangs: isCalm ? 0 : dice.of([0, 0, 0.2]),
      slowMs: dice.of([0, 0, 10, 60]),
    };
  }

  #strand(): Strand {
    const dice = this.#dice;
    const base = { id: ++this.#id, startMs: dice.chance(0.6) ? 0 : dice.below(60) };
    const way = dice.next();
    const db = dice.below(this.#databases);
    if (way < 0.52) return { ...base, kind: "session", options: this.#plan(true), body: this.#body(0) };
    if (way < 0.75) {
      const body = this.#body(0);
      const beside = dice.chance(0.25) ? this.#trigger() : undefined;
      return {
        ...base,
        kind: "by hand",
        options: this.#plan(false),
        body,
        end: dice.chance(0.8) ? this.#close(["commit", "rollback", null, "callback"]) : undefined,
        beside,
      };
    }
    if (way < 0.81)
      return {
        ...base,
        kind: "transaction",
        options: this.#plan(true),
        propagation: dice.of(PROPAGATIONS),
        body: this.#body(0),
      };
    if (way < 0.89) return { ...base, kind: "autocommit", letters: this.#letters(1 + dice.below(3)), db };
    if (way < 0.92) return { ...base, kind: "autocommit stream", db, rows: dice.below(6) };
    if (way < 0.95) return { ...base, kind: "dispose", db, timeoutMs: dice.chance(0.5) ? dice.below(100) : undefined };
    if (way < 0.97)
      return { ...base, kind: "jump", ms: dice.chance(0.3) ? -dice.below(5_000) : dice.of([30, 1_000, 3_600_000]) };
    return { ...base, kind: "kill idle", db };
  }

  #plan(mayRetry: boolean): SessionPlan {
    const dice = this.#dice;
    return {
      db: dice.below(this.#databases),
      isPlain: dice.chance(0.22),
      retries: mayRetry && dice.chance(0.15) ? 1 + dice.below(2) : 0,
      ...this.#limits(0.15),
    };
  }

  #limits(share: number): Limits {
    const dice = this.#dice;
    return {
      ...(dice.chance(share) && { timeoutMs: dice.of([0, 5, 30, 120]) }),
      ...(dice.chance(share) && { abort: this.#trigger() }),
    };
  }

  #trigger(): Trigger {
    const dice = this.#dice;
    if (dice.chance(0.35)) return { kind: "ms", ms: dice.below(80) };
    return {
      kind: "event",
      what: dice.of(["executed", "answer", "answer", "commit", "commit", "work", "settled", "rolled back"]),
      count: 1 + dice.below(5),
      hops: dice.below(14),
    };
  }

  #letters(length: number): string[] {
    const dice = this.#dice;
    return Array.from({ length }, () => dice.of(["w", "w", "w", "w", "w", "w", "w", "w", "r", "f"]));
  }

  #how(): How {
    const dice = this.#dice.next();
    return dice < 0.42 ? "await" : dice < 0.72 ? "guard" : dice < 0.86 ? "float" : dice < 0.93 ? "early" : "bare";
  }

  #close(actions: readonly Action[]): Extract<Step, { kind: "close" }> {
    const dice = this.#dice;
    const action = dice.of(actions);
    const body = action === "callback" ? this.#body(3) : [];
    return { id: ++this.#id, kind: "close", action, really: dice.chance(0.15), how: "guard", body };
  }

  /** @param depth - 0: of a session; 3: as deep as it goes. */
  #body(depth: number): readonly Step[] {
    const dice = this.#dice;
    return Array.from({ length: 1 + dice.below(depth === 0 ? 5 : 4) }, () => this.#step(depth));
  }

  #step(depth: number): Step {
    const dice = this.#dice;
    const base = { id: ++this.#id };
    const way = dice.next();
    if (way < 0.34) {
      const via = dice.next();
      return {
        ...base,
        kind: "query",
        letter: dice.of(["w", "w", "w", "w", "w", "w", "w", "w", "w", "r", "f", "x", "s"]),
        how: this.#how(),
        via: via < 0.62 ? "handle" : via < 0.72 ? "ambient" : via < 0.86 ? "outer" : via < 0.95 ? "template" : "cursor",
        limits: this.#limits(0.08),
      };
    }
    if (way < 0.38) return { ...base, kind: "pair", how: dice.of(["await", "guard"]) };
    if (way < 0.43)
      return {
        ...base,
        kind: "batch",
        letters: this.#letters(1 + dice.below(3)),
        how: this.#how(),
        limits: this.#limits(0.08),
      };
    if (way < 0.6 && depth < 3) {
      const propagation = dice.of(PROPAGATIONS);
      const via = dice.next();
      return {
        ...base,
        kind: "transaction",
        propagation,
        how: dice.of(["await", "guard", "guard", "float"]),
        via: via < 0.75 ? "handle" : via < 0.9 ? "ambient" : "outer",
        limits: this.#limits(0.12),
        body: this.#body(depth + 1),
      };
    }
    if (way < 0.63 && depth < 2)
      return {
        ...base,
        kind: "session",
        options: this.#plan(true),
        how: dice.of(["await", "guard", "float"]),
        body: this.#body(2),
      };
    if (way < 0.65)
      return {
        ...base,
        kind: "autocommit",
        letters: this.#letters(1 + dice.below(2)),
        how: this.#how(),
        db: dice.below(this.#databases),
      };
    if (way < 0.68)
      return {
        ...base,
        kind: "commit",
        letters: this.#letters(dice.below(3)),
        how: dice.of(["await", "guard", "guard", "float"]),
      };
    if (way < 0.7) return { ...base, kind: "rollback", how: dice.of(["await", "guard"]) };
    if (way < 0.725)
      return {
        ...this.#close(["commit", "commit", "rollback", null, "callback"]),
        ...base,
        how: dice.of(["await", "guard", "float"]),
      };
    if (way < 0.74) return { ...base, kind: "reconnect", how: dice.of(["await", "guard"]) };
    if (way < 0.755)
      return { ...base, kind: "getConnection", usePool: dice.chance(0.7), how: dice.of(["await", "guard", "float"]) };
    if (way < 0.77)
      return {
        ...base,
        kind: "detach",
        letters: this.#letters(dice.below(3)),
        adopt: dice.chance(0.4),
        runHooks: dice.chance(0.3),
      };
    if (way < 0.78) return { ...base, kind: "setConnection", how: dice.of(["await", "guard"]) };
    if (way < 0.83)
      return {
        ...base,
        kind: "stream",
        batchSize: 1 + dice.below(3),
        rows: dice.of([0, 1, 2, 3, 100, 100]),
        how: dice.of(["await", "guard", "float", "float"]),
        pause: this.#trigger(),
        ...(dice.chance(0.1) && { abort: this.#trigger() }),
        nextAfter: dice.chance(0.3),
      };
    if (way < 0.88)
      return {
        ...base,
        kind: "callback",
        isCommit: dice.chance(0.6),
        effect: dice.of(["plain", "plain", "plain", "throws", "session", "close", "slow"]),
      };
    if (way < 0.91) return { ...base, kind: "throw" };
    if (way < 0.985) return { ...base, kind: "pause", until: this.#pause() };
    return { ...base, kind: "closeAll", action: dice.of(["commit", "rollback", null]) };
  }

  #pause(): Trigger {
    const dice = this.#dice;
    return dice.chance(0.5)
      ? { kind: "ms", ms: dice.below(40) }
      : { kind: "event", what: "now", count: 0, hops: 1 + dice.below(12) };
  }
}
