/**
 * Adds `by` to the count of `name`. Deletes names whose count drops to 0, so that the map does not grow
 * forever.
 */
export function addTo(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count <= 0) counts.delete(name);
  else counts.set(name, count);
}
