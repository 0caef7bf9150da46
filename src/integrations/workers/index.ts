export type { ExecutionContext, WithSessionOptions } from "./event.ts";
export { requestContext } from "./request-context.ts";
export {
  type Databases,
  type SessionHandler,
  type SessionsOf,
  withSession,
  type WrappedHandler,
  type WrappedHandlers,
} from "./with-session.ts";
export { workers, type WorkersOptions } from "./workers.ts";
