/**
 * Writes the file from which load generators read their requests. Each line has a path, then header names and values,
 * separated by tabs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LoadRequest {
  /** Includes the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function withRequestFile<T>(
  requests: readonly LoadRequest[],
  use: (file: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'flowtap-bench-'));
  try {
    const file = join(directory, 'requests');
    await writeFile(file, requests.map(lineOf).join(''));
    return await use(file);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const lineOf = ({ path, headers }: LoadRequest): string =>
  `${[path, ...Object.entries(headers).flat()].join('\t')}\n`;
