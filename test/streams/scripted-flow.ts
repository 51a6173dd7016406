/** Scripted histories that grow while they are followed. */
import type { ScriptedMessage } from '../support/emulator-control.ts';

/**
 * A scripted flow with one message every `everyMs`, the first one at 0 ms. Its last message is terminal,
 * unless `terminal` is another type.
 */
export const flow = (
  count: number,
  everyMs: number,
  { name = 'm', terminal = 'EXECUTION_SUCCEEDED' }: { name?: string; terminal?: string } = {},
): ScriptedMessage[] =>
  Array.from({ length: count }, (_, position) => ({
    messageId: `${name}${position}`,
    eventType:
      position === count - 1
        ? terminal
        : position === 0
          ? 'EXECUTION_STARTED'
          : position % 3 === 0
            ? 'STEP_SUCCEEDED'
            : 'STEP_STARTED',
    payload: `${name} ${position} ${'x'.repeat((position * 37) % 300)}`,
    afterMs: position * everyMs,
  }));
