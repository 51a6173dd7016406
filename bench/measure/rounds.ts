/** Measures several sides in turn: each round has all of them, every other round in reverse order. */

export interface Side<T> {
  readonly name: string;
  readonly measure: () => Promise<T>;
}

/** The samples of each side, one for each round, by the side's name. */
export async function alternate<T>(sides: readonly Side<T>[], rounds: number): Promise<Map<string, T[]>> {
  const samples = new Map(sides.map(({ name }): [string, T[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure } of round % 2 === 0 ? sides : sides.toReversed()) {
      samples.get(name)?.push(await measure());
    }
  }
  return samples;
}
