// Nothing: what workerd itself needs to start and to answer.
export default {
  fetch: () => new Response("started"),
};
