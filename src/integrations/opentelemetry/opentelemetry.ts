import type { DatabaseEvent } from "../../index.ts";
import type { Attributes, OpenTelemetryApi } from "./api.ts";
import { Connections } from "./connections.ts";
import { type DescriptionOptions, Descriptions } from "./descriptions.ts";
import { Spans } from "./spans.ts";

export interface OpenTelemetryOptions {
  /** `db.system.name`. Default: `postgresql` for URLs of that scheme, else `sqlite`. */
  readonly system?: string | undefined;
  /** Whether spans have `db.query.text`: the SQL with `?` for literals and without comments. Default true. */
  readonly queryText?: boolean | undefined;
  /** Added to every span and metric of a flight. */
  readonly attributes?: Attributes | undefined;
}

/** Given to `onEvent`, or to `db.subscribe()`. */
export type EventListener = (event: DatabaseEvent) => void;

const SCOPE = "isopool";

/**
 * Reports a database to OpenTelemetry, in the names of its semantic conventions: one CLIENT span for each flight, with all of
 * its statements, `db.client.operation.duration`, and `db.client.connection.*` for the pool.
 *
 * A span's parent is the span that is active where the statement was issued, or else where its session began. Parameter
 * values are never in the events, so they appear nowhere; literals in SQL become `?`.
 *
 * @param api - the package: `import * as api from "@opentelemetry/api"`. Its global providers are asked at the first event: a database
 *   may be created before the SDK is started.
 * @returns a listener, for as many databases as you like.
 * @throws TypeError if it is not the API.
 * @example
 * import * as api from "@opentelemetry/api";
 * const db = createDatabase(url, { adapters, onEvent: opentelemetry(api) });
 */
export function opentelemetry(api: OpenTelemetryApi, options: OpenTelemetryOptions = {}): EventListener {
  if (typeof api?.trace?.getTracer !== "function" || typeof api.metrics?.getMeter !== "function")
    throw new TypeError("Expected `api` to be the module `@opentelemetry/api`, 1.3 or later");
  const { system, queryText = true, attributes = {} } = options;
  let reporter: Reporter | undefined;
  return (event) => {
    // A meter of before the SDK was started would never report: the API has no proxy for it, as it has for tracers.
    const { spans, connections } = (reporter ??= createReporter(api, { system, queryText, attributes }));
    switch (event.type) {
      case "session":
        return spans.begin(event.session);
      case "send":
        return spans.depart(event);
      case "flight":
        return spans.land(event);
      case "end":
        spans.end(event.session);
        return connections.end(event);
      case "open":
      case "wait":
      case "acquire":
      case "release":
      case "close":
        return connections[event.type](event as never);
      default:
        return undefined;
    }
  };
}

interface Reporter {
  readonly spans: Spans;
  readonly connections: Connections;
}

function createReporter(api: OpenTelemetryApi, options: DescriptionOptions): Reporter {
  const meter = api.metrics.getMeter(SCOPE);
  const durations = meter.createHistogram("db.client.operation.duration", {
    description: "Duration of database client operations",
    unit: "s",
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
  });
  const spans = new Spans(api, api.trace.getTracer(SCOPE), durations, new Descriptions(options));
  return { spans, connections: new Connections(meter) };
}
