// With `?carried` a module is another one, which goes through the plugin: see vite.config.ts.

declare module "*/work.ts?carried" {
  export const work: typeof import("./work.ts").work;
}
