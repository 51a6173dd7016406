import { expect, test } from 'vitest';

import { SerialQueue } from '../../src/core/serial-queue.ts';

test('tasks run one at a time in order; a failure reaches only the caller of the failed task and does not stop the queue', async () => {
  const queue = new SerialQueue();
  const gate = Promise.withResolvers<void>();
  const ran: string[] = [];
  const first = queue.run(async () => {
    ran.push('first');
    await gate.promise;
    throw new Error('failed');
  });
  const second = queue.run(async () => {
    ran.push('second');
    return 2;
  });
  await Promise.resolve();
  expect(ran).toEqual(['first']);
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  expect(await second).toBe(2);
  await queue.idle;
  expect(ran).toEqual(['first', 'second']);
});
