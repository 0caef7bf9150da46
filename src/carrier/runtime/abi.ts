// What compiled code calls: the transform of src/carrier writes these calls around every suspension of an async function.
//
//   async function f() { let $; try { $ = enter() } catch { … } try { … $.b(await $.l(EXPRESSION)) … } finally { $.x() } }

export { enter, enterGenerator, type Frame } from "./frame.ts";
export { iterable } from "./iterable.ts";
export { asyncResource, resource } from "./resources.ts";
export { settle, settled } from "./settled.ts";
