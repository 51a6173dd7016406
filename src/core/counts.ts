/**
 * Counts by name in a map. Names whose count is 0 are deleted, so the map is as large as the names that
 * count.
 */
export function addTo(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count <= 0) counts.delete(name);
  else counts.set(name, count);
}
