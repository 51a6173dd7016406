/** Derives a value from each object once, and keeps it as long as the object exists. */
export function oncePer<K extends object, T>(derive: (from: K) => T): (from: K) => T {
  const derived = new WeakMap<K, { readonly value: T }>();
  return (from) => {
    let known = derived.get(from);
    if (!known) derived.set(from, (known = { value: derive(from) }));
    return known.value;
  };
}
