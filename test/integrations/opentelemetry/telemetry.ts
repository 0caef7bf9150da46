// The real SDK of OpenTelemetry with exporters in memory, and a database on the real sql.js that reports to it.

import { AsyncLocalStorage } from "node:async_hooks";
import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import initSqlJs from "sql.js";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../../src/index.ts";

export const engine = await initSqlJs({ useOldExtensionFunctions: false } as object);

export interface Telemetry {
  readonly api: typeof api;
  readonly tracer: api.Tracer;
  /** Spans that have ended, oldest first. */
  spans(): ReadableSpan[];
  /** A metric's points: their attributes, and their sum or count. */
  metric(name: string): Promise<{ attributes: api.Attributes; value: number; count?: number; unit: string }[]>;
  stop(): Promise<void>;
}

/** Takes the API's global places; give them back with `stop()`. */
export function startTelemetry(): Telemetry {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 2 ** 30 });
  const meters = new MeterProvider({ readers: [reader] });
  api.trace.setGlobalTracerProvider(provider);
  api.metrics.setGlobalMeterProvider(meters);
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return {
    api,
    tracer: api.trace.getTracer("test"),
    spans: () => exporter.getFinishedSpans(),
    async metric(name) {
      metrics.reset();
      await reader.forceFlush();
      const found = metrics
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics)
        .find(({ descriptor }) => descriptor.name === name);
      const points = (found?.dataPoints ?? []) as readonly DataPoint<number | Histogram>[];
      return points.map(({ attributes, value }) =>
        typeof value === "number"
          ? { attributes, value, unit: found!.descriptor.unit }
          : { attributes, value: value.sum ?? 0, count: value.count, unit: found!.descriptor.unit },
      );
    },
    async stop() {
      await Promise.all([provider.shutdown(), meters.shutdown()]);
      api.trace.disable();
      api.metrics.disable();
      api.context.disable();
    },
  };
}

export function shop(options: Partial<DatabaseOptions> = {}): Database {
  return createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: engine })],
    context: asyncLocal(AsyncLocalStorage),
    ...options,
  });
}
