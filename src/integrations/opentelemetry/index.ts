export type { OpenTelemetryApi } from "./api.ts";
export type { DiagnosticsChannels, DiagnosticsMessage } from "./channel.ts";
export { diagnostics } from "./diagnostics.ts";
export { type EventListener, opentelemetry, type OpenTelemetryOptions } from "./opentelemetry.ts";
export {
  type AsyncContextForManager,
  type ContextApi,
  type ContextLike,
  contextManager,
  type ContextManagerLike,
} from "./context-manager.ts";
