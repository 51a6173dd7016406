import assert from 'node:assert/strict';
import type { Json } from '../http.ts';
import { requirement, type Section } from '../requirement.ts';
import { PLACE, finished, flowWith, idOf, namesIn } from '../listed-flows.ts';
import { eventually, listOf } from '../target.ts';

export const lists: Section = {
  title: 'Flows and their executions',
  requirements: [
    requirement(
      '`GET /v1/flows` lists the flows of which the key may read some executions',
      'a key is shown exactly the flows whose executions its patterns can match',
      ['admin', 'emulator'],
      async (target) => {
        const flow = await flowWith(target, []);
        const key = async (executions: readonly string[]) => (await target.newKey({ executions }))['key'];
        const mine = await key([idOf(flow, '*')]);
        const name = flow.slice(flow.lastIndexOf(':') + 1);
        await eventually(async () => {
          const { flows } = await target.json('/v1/flows', { key: mine });
          assert.deepEqual(flows, [{ flow, source: 'step-functions', name }]);
        });
        const theirs = await key([idOf(`${PLACE}:stateMachine:Another`, '*')]);
        assert.deepEqual((await target.json('/v1/flows', { key: theirs }))['flows'], []);
      },
      31,
    ),
    requirement(
      'lists the executions of a flow that the key may read, newest start first.',
      'a list has the status and times of each execution, and only executions that the patterns of the key match',
      ['admin', 'emulator'],
      async (target) => {
        const flow = await flowWith(target, finished(4));
        const list = await target.json(listOf(flow));
        assert.deepEqual(namesIn(list), ['done-0', 'done-1', 'done-2', 'done-3']);
        const { startedAt, endedAt, ...item } = list['executions'][1];
        assert.deepEqual(item, {
          flowExecutionId: idOf(flow, 'done-1'),
          flow,
          name: 'done-1',
          source: 'step-functions',
          status: 'FAILED',
          upstreamStatus: 'TIMED_OUT',
          durationMs: 10_000,
          redriveCount: 0,
          archived: false,
          final: false,
        });
        assert.equal(Date.parse(endedAt) - Date.parse(startedAt), 10_000);
        const { key } = await target.newKey({ executions: [idOf(flow, 'done-2')] });
        assert.deepEqual(namesIn(await target.json('/v1/executions', { key })), ['done-2']);
      },
      2,
    ),
    requirement(
      'lists each execution exactly once if it exists and matches from the first page to the last.',
      'following nextToken lists every execution once, in order, with any page size and any filter',
      ['emulator'],
      async (target) => {
        const flow = await flowWith(target, finished(30));
        const walk = async (query: string) => {
          const names: string[] = [];
          for (let next = ''; ;) {
            const list = await target.json(listOf(flow, `${query}${next}`));
            names.push(...namesIn(list));
            if (list['nextToken'] === undefined) return names;
            next = `&nextToken=${list['nextToken']}`;
          }
        };
        const all = Array.from({ length: 30 }, (_, n) => `done-${n}`);
        assert.deepEqual(await walk('maxResults=7'), all);
        assert.deepEqual(
          await walk('maxResults=1&status=FAILED&namePrefix=done-1'),
          all.filter((name, n) => n % 2 === 1 && name.startsWith('done-1')),
        );
        const before = new Date(Date.now() - 3_600_000 - 10 * 60_000 + 30_000).toISOString();
        assert.deepEqual(await walk(`maxResults=9&startedBefore=${before}`), all.slice(10));
      },
      2,
    ),
    requirement(
      'two names for the place to continue from, valid for the same flow and filters',
      'a cursor of another flow or another filter is a 400 that names the parameter',
      ['emulator'],
      async (target) => {
        const [flow, other] = await Promise.all([
          flowWith(target, finished(3)),
          flowWith(target, finished(3)),
        ]);
        const { nextToken } = await target.json(listOf(flow, 'maxResults=1'));
        assert.deepEqual(namesIn(await target.json(listOf(flow, `cursor=${nextToken}`))), [
          'done-1',
          'done-2',
        ]);
        for (const path of [
          listOf(other, `nextToken=${nextToken}`),
          listOf(flow, `nextToken=${nextToken}&status=FAILED`),
        ]) {
          const { errors } = await target.problem(path, 400, 'InvalidRequestException');
          assert.deepEqual(errors[0].name, 'nextToken');
        }
      },
      2,
    ),
    requirement(
      'start time range in ISO 8601, a date or a time with its offset: `startedAfter` is included, `startedBefore` is not',
      'an invalid status, time, time range, page size, name prefix or flow is a 400 that names the parameter',
      ['emulator'],
      async (target) => {
        const flow = await flowWith(target, []);
        for (const [name, query] of [
          ['status', 'status=DONE'],
          ['startedAfter', 'startedAfter=yesterday'],
          ['startedBefore', 'startedBefore=2026-01-01T00:00:00'],
          ['startedAfter', 'startedAfter=2026-01-02&startedBefore=2026-01-01'],
          ['maxResults', 'maxResults=251'],
          ['namePrefix', 'namePrefix='],
        ] as const) {
          const { errors } = await target.problem(listOf(flow, query), 400, 'InvalidRequestException');
          assert.equal(errors[0].name, name, query);
        }
        for (const wrong of [`${flow}:1`, idOf(flow, 'x'), 'SecurityFlow']) {
          const { errors } = await target.problem(listOf(wrong), 400, 'InvalidRequestException');
          assert.equal(errors[0].name, 'flow', wrong);
        }
      },
      2,
    ),
    requirement(
      'may be left out if the patterns of the key name exactly one flow',
      'a request with a key for several flows must name one of them',
      ['admin', 'emulator'],
      async (target) => {
        const { errors } = await target.problem('/v1/executions', 400, 'InvalidRequestException');
        assert.equal(errors[0].name, 'flow');
      },
    ),
    requirement(
      'If the patterns of the key can match no execution of the flow, the answer is a 403 `AccessDeniedException`.',
      'a key gets the same 403 for a flow that it may not read, whether the flow exists or not',
      ['admin', 'emulator'],
      async (target) => {
        const flow = await flowWith(target, finished(1));
        const { key } = await target.newKey({ executions: ['urn:tdm:other/*'] });
        const [there, not] = await Promise.all(
          [flow, target.newStateMachine(PLACE)].map((each) =>
            target.problem(listOf(each), 403, 'AccessDeniedException', { key }),
          ),
        );
        assert.deepEqual({ ...there, requestId: '' }, { ...not, requestId: '' });
      },
      2,
    ),
    requirement(
      'A flow in an account or region that the operator did not enable is a 403 `SourceNotAllowed`',
      'a flow in an account that is not enabled is listed only if the archive has executions of it',
      ['admin', 'emulator'],
      async (target) => {
        const flow = target.newStateMachine('arn:aws:states:eu-west-1:999999999999');
        await target.problem(listOf(flow), 403, 'SourceNotAllowed');
        const message = { messageId: '1', eventType: 'EXECUTION_SUCCEEDED', timestamp: 1_700_000_000 };
        const path = `executions/${encodeURIComponent(idOf(flow, 'one'))}/messages`;
        await target.adminJson(200, path, 'PUT', JSON.stringify(message));
        await eventually(async () => assert.deepEqual(namesIn(await target.json(listOf(flow))), ['one']));
      },
      3,
    ),
    requirement(
      'A flow that neither AWS nor the archive knows is a 404.',
      'the 404 for an unknown flow names the flow',
      ['emulator'],
      async (target) => {
        const flow = target.newStateMachine(PLACE);
        const { detail } = await target.problem(listOf(flow), 404, 'ResourceNotFoundException');
        assert(detail.includes(flow), detail);
      },
    ),
    requirement(
      'A ticket is for one execution, so it lists nothing: 403 `OperationNotAllowed`.',
      'a ticket can list neither flows nor executions',
      ['emulator'],
      async (target) => {
        const flow = await flowWith(target, finished(1));
        const path = `/v1/executions/${encodeURIComponent(idOf(flow, 'done-0'))}/tickets`;
        const { ticket } = await target.json(path, { method: 'POST' }, 201);
        for (const address of [listOf(flow, `ticket=${ticket}`), `/v1/flows?ticket=${ticket}`])
          await target.problem(address, 403, 'OperationNotAllowed', { key: null });
      },
      2,
    ),
    requirement(
      'Executions that AWS lists, and those that only the archive has: older than 90 days, imported, or of Things Graph.',
      'the list of a Things Graph workflow has each of its archived executions once',
      ['emulator'],
      async (target) => {
        const flow = target.newId('Listed').replace('_', '-');
        const id = `${flow}_2019-05-11T19:39:55.317Z_camera`;
        await target.script(id, [
          { messageId: '0', eventType: 'EXECUTION_ABORTED', timestamp: 1_700_000_000 },
        ]);
        await target.json(`/v1/executions/${encodeURIComponent(id)}/messages`);
        await eventually(async () => {
          const { executions } = await target.json(listOf(flow));
          assert.deepEqual(
            executions.map(({ flowExecutionId, status, archived, final }: Json) => [
              flowExecutionId,
              status,
              archived,
              final,
            ]),
            [[id, 'ABORTED', true, true]],
          );
        });
      },
      12,
    ),
    requirement(
      'lists the executions that an execution of Step Functions has started and the key may read',
      'each child execution is listed with the step that started it, if the key may read it, in pages of any size',
      ['admin', 'emulator'],
      async (target) => {
        const flow = await flowWith(target, finished(2));
        const parent = idOf(flow, 'parent');
        const started = ['done-0', 'done-1'].map((name) => idOf(flow, name));
        await target.scriptEvents(parent, [
          { type: 'ExecutionStarted' },
          ...started.flatMap((ExecutionArn, n) => [
            { type: 'TaskStateEntered', stateEnteredEventDetails: { name: `Step ${n}` } },
            {
              type: 'TaskSucceeded',
              taskSucceededEventDetails: {
                resource: 'startExecution',
                resourceType: 'states',
                output: JSON.stringify({ ExecutionArn }),
              },
            },
          ]),
        ]);
        const path = `/v1/executions/${encodeURIComponent(parent)}/children`;
        const { executions } = await target.json(path);
        assert.deepEqual(
          executions.map(({ flowExecutionId, status, step }: Json) => [flowExecutionId, status, step]),
          [
            [started[0], 'SUCCEEDED', 'Step 0'],
            [started[1], 'FAILED', 'Step 1'],
          ],
        );
        const first = await target.json(`${path}?maxResults=1`);
        const second = await target.json(`${path}?maxResults=1&cursor=${first['nextToken']}`);
        assert.deepEqual([...namesIn(first), ...namesIn(second)], ['done-0', 'done-1']);
        const { key } = await target.newKey({ executions: [parent, started[1] ?? ''] });
        assert.deepEqual(namesIn(await target.json(path, { key })), ['done-1']);
      },
      2,
    ),
  ],
};
