import { type DatabaseEvent, isDbError } from "../../index.ts";
import type { Attributes, HistogramLike, OpenTelemetryApi, SpanLike, TracerLike } from "./api.ts";
import type { Descriptions } from "./descriptions.ts";

const CLIENT = 2;
const ERROR = 2;

/** A flight that is under way. */
interface Flying {
  readonly span: SpanLike;
  readonly context: unknown;
  /** For metrics. */
  readonly attributes: Attributes;
}

/** One span a flight, and its duration. */
export class Spans {
  readonly #api: OpenTelemetryApi;
  readonly #tracer: TracerLike;
  readonly #durations: HistogramLike;
  readonly #descriptions: Descriptions;
  /** By session: it has one flight at a time. */
  readonly #flying: Map<number, Flying> = new Map();
  /** Where a session began: the parent of flights that leave where no span is active. */
  readonly #contexts: Map<number, unknown> = new Map();

  constructor(api: OpenTelemetryApi, tracer: TracerLike, durations: HistogramLike, descriptions: Descriptions) {
    this.#api = api;
    this.#tracer = tracer;
    this.#durations = durations;
    this.#descriptions = descriptions;
  }

  begin(session: number): void {
    const context = this.#api.context.active();
    if (this.#isInSpan(context)) this.#contexts.set(session, context);
  }

  end(session: number): void {
    this.#contexts.delete(session);
    this.#flying.get(session)?.span.end();
    this.#flying.delete(session);
  }

  depart({ session, statements, at, pool }: Extract<DatabaseEvent, { type: "send" }>): void {
    const active = this.#api.context.active();
    const context = this.#isInSpan(active) ? active : (this.#contexts.get(session) ?? active);
    const { name, ofSpan, ofMetric } = this.#descriptions.of(pool, statements);
    const span = this.#tracer.startSpan(name, { kind: CLIENT, startTime: at, attributes: ofSpan }, context);
    this.#flying.set(session, { span, context, attributes: ofMetric });
  }

  land({ session, durationMs, isOk, error, at }: Extract<DatabaseEvent, { type: "flight" }>): void {
    const flying = this.#flying.get(session);
    // It left before anybody listened.
    if (!flying) return;
    this.#flying.delete(session);
    const { span, context, attributes } = flying;
    const failure = isOk ? undefined : failureOf(error);
    this.#durations.record(durationMs / 1000, failure ? { ...attributes, ...failure } : attributes, context);
    if (failure && span.isRecording()) {
      span.setAttributes(failure);
      span.setStatus({ code: ERROR, ...(error instanceof Error && { message: error.message }) });
    }
    span.end(at);
  }

  #isInSpan(context: unknown): boolean {
    return this.#api.trace.getSpan(context as never) !== undefined;
  }
}

/** By the database's own code, if it gave one. */
function failureOf(error: unknown): Attributes {
  const code = isDbError(error, "QUERY_FAILED") ? error.details.dialectCode : undefined;
  if (code) return { "error.type": code, "db.response.status_code": code };
  const { name = "_OTHER" } = Object(error) as { name?: string };
  return { "error.type": isDbError(error) ? error.code : name };
}
