import assert from 'node:assert/strict';
import { finished, flowWith, idOf } from '../listed-flows.ts';
import { requirement, type Section } from '../requirement.ts';
import { listOf } from '../target.ts';

export const liveList: Section = {
  title: 'The live list',
  requirements: [
    requirement(
      'The newest `maxResults` executions that match are sent first, newest start first, then `caught-up`.',
      'a live list begins with the list, without ids, by the headers and rules of a stream',
      ['emulator'],
      async (target) => {
        const flow = await flowWith(target, finished(5));
        const open = await target.stream(listOf(flow, 'maxResults=2'));
        await open.event('caught-up');
        assert.deepEqual(open.executions, ['done-0 SUCCEEDED', 'done-1 FAILED']);
        assert(open.events.every(({ id }) => id === undefined));
        assert.equal(open.dataless, 0);
        assert.equal(open.headers['cache-control'], 'no-store, no-transform');
        open.leave();
        const both = { headers: { accept: 'application/json, text/event-stream' } };
        assert.equal((await target.ask(listOf(flow), both)).headers['content-type'], 'application/json');
      },
      2,
    ),
    requirement(
      'After that, an execution is sent when it appears, or when it changes.',
      'a start and an end arrive within 5 s, also of a run that began long ago',
      ['emulator'],
      async (target) => {
        const startedAt = Date.now();
        const old = { name: 'old', startedAt: startedAt - 80 * 86_400_000, endedAt: startedAt + 16_000 };
        const fresh = { name: 'new', startedAt: startedAt + 6_000, endedAt: startedAt + 11_000 };
        const flow = await flowWith(target, [old, fresh]);
        const open = await target.stream(listOf(flow, 'status=RUNNING'));
        await open.event('caught-up');
        assert.deepEqual(open.executions, ['old RUNNING']);
        for (const [what, atMs] of [
          ['new RUNNING', fresh.startedAt],
          ['new SUCCEEDED', fresh.endedAt],
          ['old SUCCEEDED', old.endedAt],
        ] as const) {
          await open.until(what, () => open.executions.includes(what), 12_000);
          assert(Date.now() - atMs < 5_500, `${what} after ${Date.now() - atMs} ms`);
        }
        assert.equal(open.executions.length, 4);
        open.leave();
      },
      20,
    ),
    requirement(
      'A live list counts like a stream of one execution.',
      'one live list more than the limit of the key is refused with an event',
      ['admin', 'emulator'],
      async (target) => {
        const flow = await flowWith(target, []);
        const { key } = await target.newKey({ streamLimit: 1 });
        const first = await target.stream(listOf(flow), { key });
        await first.event('caught-up');
        const second = await target.stream(listOf(flow), { key });
        await second.closed();
        assert.equal(JSON.parse(second.named('problem')[0]?.data ?? '').code, 'TooManyStreams');
        first.leave();
      },
      3,
    ),
    requirement(
      'If the key may no longer read all of the list, it closes with `OperationNotAllowed` within 60 s.',
      'a live list of a revoked key closes within 60 s',
      ['admin', 'emulator'],
      async (target) => {
        const flow = await flowWith(target, []);
        const { key, id } = await target.newKey({ executions: [idOf(flow, '*')] });
        const open = await target.stream(listOf(flow), { key });
        await open.event('caught-up');
        await target.adminJson(200, `keys/${id}/revoke`, 'POST', {});
        await open.closed(65_000);
        assert.equal(JSON.parse(open.named('problem')[0]?.data ?? '').code, 'RevokedApiKey');
      },
      45,
    ),
  ],
};
