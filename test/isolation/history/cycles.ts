import type { Anomaly, AnomalyKind } from "./anomaly.ts";
import type { Edge, Relation } from "./edges.ts";

type Graph = ReadonlyMap<number, readonly number[]>;

/** Cycles of transactions that each came before the next: one of each kind that there is, and a G2 only where nothing worse is. */
export function cycles(edges: readonly Edge[]): Anomaly[] {
  const found: Anomaly[] = [];
  const note = (kind: AnomalyKind, path: readonly number[] | undefined): boolean => {
    if (path) found.push({ kind, transactions: path, text: `each came before the next: ${path.join(" → ")}` });
    return path !== undefined;
  };
  const graphs = (["ww", "wr", "rw"] as const).map((_, at, all) => graphOf(edges, all.slice(0, at + 1)));
  const [writes, dependencies, all] = graphs as [Graph, Graph, Graph];
  const closedBy = (relation: Relation, graph: Graph): readonly number[] | undefined => {
    for (const [from, to, each] of edges) {
      const path = each === relation && pathOf(graph, to, from);
      if (path) return [from, ...path];
    }
    return undefined;
  };
  note("G0", closedBy("ww", writes));
  note("G1c", closedBy("wr", dependencies));
  // One that is closed by a single rw, or else by several of them.
  if (!note("G-single", closedBy("rw", dependencies))) note("G2", closedBy("rw", all));
  return found;
}

function graphOf(edges: readonly Edge[], relations: readonly Relation[]): Graph {
  const graph = new Map<number, number[]>();
  for (const [from, to, relation] of edges) {
    if (!relations.includes(relation)) continue;
    if (!graph.has(from)) graph.set(from, []);
    graph.get(from)!.push(to);
  }
  return graph;
}

/** The shortest way from one to another. */
function pathOf(graph: Graph, from: number, to: number): readonly number[] | undefined {
  const cameFrom = new Map<number, number | undefined>([[from, undefined]]);
  for (const at of cameFrom.keys()) {
    if (at === to) {
      const path: number[] = [];
      for (let each: number | undefined = to; each !== undefined; each = cameFrom.get(each)) path.unshift(each);
      return path;
    }
    for (const next of graph.get(at) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, at);
  }
  return undefined;
}
