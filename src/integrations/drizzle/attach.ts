interface Invalidated {
  onMutate(change: never): Promise<void>;
}

/** Adds what Drizzle's drivers add to the database that they make. */
export function withClient<Orm extends object, TClient>(
  orm: Orm,
  $client: TClient,
  $cache: Invalidated | undefined,
): Orm & { $client: TClient } {
  if ($cache) Object.assign($cache, { invalidate: (change: never) => $cache.onMutate(change) });
  return Object.assign(orm, { $client, $cache });
}
