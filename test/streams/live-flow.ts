/** An execution that runs while a client follows it, and how the client's requests were answered. */
import { randomUUID } from 'node:crypto';

import type { World } from '../support/on-workerd.ts';

/** Four messages are there at once, then one comes every half second. It ends and settles with the last. */
export async function liveFlow(world: World, count = 12): Promise<{ id: string; messageIds: string[] }> {
  const id = `real:client/${randomUUID()}`;
  const nowSeconds = Date.now() / 1000;
  const messages = Array.from({ length: count }, (_, n) => ({
    messageId: `m${n}`,
    eventType: n === count - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    payload: `ünîcode ${n}\n `,
    // Long ago, so that it settles as soon as its last message is seen.
    timestamp: nowSeconds - 3_600,
    afterMs: n < 4 ? 0 : n * 500,
  }));
  await world.script(id, messages, { afterMs: -60_000 });
  return { id, messageIds: messages.map(({ messageId }) => messageId) };
}

export const idsIn = (text: string): string[] =>
  [...text.matchAll(/"messageId":\s*"([^"]+)"/g)].map(([, id]) => id ?? '');

/** How requests for this execution were answered, as the Worker's log has it. */
export const answers = (world: World, id: string): number[] =>
  world.lines
    .filter((line) => line.includes('"event":"request"') && line.includes(id))
    .map((line) => (JSON.parse(line) as { status: number }).status);
