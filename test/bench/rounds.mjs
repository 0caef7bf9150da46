// Peers that do the same work in turns, so that what else the machine does hits them alike. Wall time, and this process's own
// processor time: a server that takes part is a process of its own, and not counted.

/**
 * Runs each peer once a round.
 *
 * @param runs - by name of the peer, what it does: a function that is awaited.
 * @returns by name, what each counted round took: `[{ wallMs, cpuMs }, …]`.
 */
export async function inTurns(runs, { rounds, warmUp = 2 }) {
  const seen = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round++)
    for (const [name, run] of Object.entries(runs)) {
      const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
      await run();
      const { user, system } = process.cpuUsage(cpu);
      if (round >= 0) seen[name].push({ wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000 });
    }
  return seen;
}

/** The middle of what each round has as the ratio of two peers: both of a round met the same machine. */
export function ratioOf(ours, theirs, key) {
  return median(ours.map((round, index) => round[key] / theirs[index][key]));
}

export function medianOf(rounds, key) {
  return median(rounds.map((round) => round[key]));
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
