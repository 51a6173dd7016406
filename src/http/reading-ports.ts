/** The ports needed to read one execution, for Flowtap's own routes and for AWS's protocols. */
import type { Executions } from '../executions/executions.ts';
import type { CursorReader } from '../messages/cursor-reader.ts';
import type { CursorKeys } from '../messages/cursor.ts';

export interface ReadingPorts {
  readonly executions: Executions;
  readonly cursorKeys: CursorKeys;
  readonly cursors: CursorReader;
}
