// What compiled code calls: the transform of src/carrier writes these calls around every suspension of an async function.
//
//   async function f() { const $ = enter(); try { … back($, await leave($, EXPRESSION)) … } finally { exit($); } }

export { asked, back, caught, enter, enterGenerator, exit, type Frame, leave, thenable } from "./frame.ts";
export { iterable } from "./iterable.ts";
export { asyncResource, resource } from "./resources.ts";
export { settle, settled } from "./settled.ts";
