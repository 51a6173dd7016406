/** Measures several sides alternately. Each round measures all sides once; every second round runs in reverse order. */

export interface Side<T> {
  readonly name: string;
  readonly measure: () => Promise<T>;
}

/** Returns the samples of each side, keyed by its name: one sample per round. */
export async function alternate<T>(sides: readonly Side<T>[], rounds: number): Promise<Map<string, T[]>> {
  const samples = new Map(sides.map(({ name }): [string, T[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure } of round % 2 === 0 ? sides : sides.toReversed()) {
      samples.get(name)?.push(await measure());
    }
  }
  return samples;
}
