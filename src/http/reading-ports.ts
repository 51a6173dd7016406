/** The ports that every request that reads one execution needs, by a route or in AWS's protocols. */
import type { Executions } from '../executions/executions.ts';
import type { CursorReader } from '../messages/cursor-reader.ts';
import type { CursorKeys } from '../messages/cursor.ts';

export interface ReadingPorts {
  readonly executions: Executions;
  readonly cursorKeys: CursorKeys;
  readonly cursors: CursorReader;
}
