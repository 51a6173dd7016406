import assert from 'node:assert/strict';
import { finished, flowWith, idOf } from '../listed-flows.ts';
import { requirement, type Section } from '../requirement.ts';
import { listOf } from '../target.ts';

export const liveList: Section = {
  title: 'The live list',
  requirements: [
    requirement(
      'The newest `maxResults` executions that match are sent first, newest start first, then `caught-up`.',
      'a live list first sends the newest executions, as events without ids, with the headers of an event stream',
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
      'a live list sends the start and the end of executions, including the end of one that started long ago',
      ['emulator'],
      async (target) => {
        const old = { name: 'old', startedAt: Date.now() - 80 * 86_400_000 };
        const flow = await flowWith(target, [old]);
        const open = await target.stream(listOf(flow, 'status=RUNNING'));
        await open.event('caught-up');
        assert.deepEqual(open.executions, ['old RUNNING']);
        // test/lists/documented-delay.test.ts tests how soon they are sent, with a manual clock.
        const sends = async (what: string, ...runs: readonly object[]) => {
          await target.runs(flow, runs);
          await open.until(what, () => open.executions.includes(what));
        };
        const fresh = { name: 'new', startedAt: Date.now() };
        await sends('new RUNNING', old, fresh);
        const ended = { ...fresh, endedAt: Date.now() };
        await sends('new SUCCEEDED', old, ended);
        await sends('old SUCCEEDED', { ...old, endedAt: Date.now() }, ended);
        assert.equal(open.executions.length, 4);
        open.leave();
      },
      20,
    ),
    requirement(
      'A live list counts as a stream of one execution.',
      'a live list beyond the key’s stream limit is refused with a problem event',
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
      'A live list closes with `OperationNotAllowed` within 60 s if the key may no longer read all of it.',
      'a live list of a revoked key closes within 60 s',
      ['admin', 'emulator'],
      async (target) => {
        const flow = await flowWith(target, []);
        const { key, id } = await target.newKey({ executions: [idOf(flow, '*')] });
        const open = await target.stream(listOf(flow), { key });
        await open.event('caught-up');
        await target.adminJson(200, `keys/${id}/revoke`, 'POST', {});
        await open.closed();
        // A heartbeat follows each 15 s of silence, so at most four are sent within 60 s.
        assert(open.named('heartbeat').length <= 4);
        assert.equal(JSON.parse(open.named('problem')[0]?.data ?? '').code, 'RevokedApiKey');
      },
      45,
    ),
  ],
};
