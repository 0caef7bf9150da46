// The parts of @opentelemetry/api that are used, by their shape: the package is passed in.

export type Attributes = Record<string, string | number | boolean>;

interface SpanContextLike {
  readonly traceId: string;
}

export interface SpanLike {
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  isRecording(): boolean;
  end(endTime?: number): void;
}

export interface TracerLike {
  startSpan(
    name: string,
    options: { kind: number; startTime: number; attributes: Attributes },
    context: unknown,
  ): SpanLike;
}

export interface InstrumentLike {
  add(value: number, attributes: Attributes): void;
}

export interface HistogramLike {
  record(value: number, attributes: Attributes, context?: unknown): void;
}

interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries: number[] };
}

export interface MeterLike {
  createHistogram(name: string, options: InstrumentOptions): HistogramLike;
  createUpDownCounter(name: string, options: InstrumentOptions): InstrumentLike;
  createCounter(name: string, options: InstrumentOptions): InstrumentLike;
}

/** `import * as api from "@opentelemetry/api"`, 1.3 or later. */
export interface OpenTelemetryApi {
  readonly trace: {
    getTracer(name: string): TracerLike;
    getSpan(context: never): { spanContext(): SpanContextLike } | undefined;
  };
  readonly context: { active(): unknown };
  readonly metrics: { getMeter(name: string): MeterLike };
}
