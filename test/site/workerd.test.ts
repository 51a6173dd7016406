/** Checks answers of the Worker in workerd over a socket, to find headers that the runtime adds or removes. */
import { expect, test } from 'vitest';

import { openWorld } from '../support/on-workerd.ts';
import { operations } from './document.ts';
import { AnswerJudge } from './judge-answers.ts';
import { type Asked, MACHINE, requestOf } from './requests.ts';

test('the Worker on workerd answers and refuses each operation as documented', async () => {
  await using world = await openWorld();
  const judge = new AnswerJudge();
  let key = '';
  const ask = async (id: string, status: number, asked?: Asked): Promise<string> => {
    const [path, init] = requestOf(id, key, asked);
    return judge.judge(id, status, await fetch(new URL(path, world.url), init));
  };
  const ended = [{ messageId: '0', eventType: 'EXECUTION_SUCCEEDED', timestamp: 1_700_000_000 }];
  await world.control('/executions', { flowExecutionId: 'flow', messages: ended });
  await world.control('/runs', {
    stateMachineArn: MACHINE,
    runs: [{ name: 'one', startedAt: 1_700_000_000_000 }],
  });
  const body = { name: 'all', executions: ['*'], payloads: 'full', tickets: true };
  const made = JSON.parse(await ask('createKey', 201, { body }));
  key = made.key;

  const successes: Readonly<Record<string, number>> = {
    createKey: 201,
    createTicket: 201,
    rotateKey: 201,
    forgetExecution: 204,
  };
  // These operations run last, because they delete the history and revoke the key.
  const last = ['forgetExecution', 'revokeKey'];
  const inOrder = operations.toSorted((a, b) => last.indexOf(a.id) - last.indexOf(b.id));
  for (const { id, path, responses } of inOrder) {
    const about = path.includes('/keys/') ? made.id : 'flow';
    await ask(id, successes[id] ?? 200, { about });
    if (responses.has('401')) await ask(id, 401, { credential: null });
    if (responses.has('405')) await ask(id, 405, { method: 'QUERY', about });
    if (id === 'listMessages') await ask(id, 200, { headers: { Accept: 'text/event-stream' } });
    if (id === 'ListFlowExecutionMessages') await ask(id, 400, { credential: null });
  }
  expect([...judge.seenEvents].toSorted()).toEqual(['caught-up', 'end', 'message']);
});
