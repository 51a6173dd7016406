import assert from 'node:assert/strict';
import { requirement, type Section } from '../requirement.ts';
import { eventually, history, pageOf } from '../target.ts';

export const problems: Section = {
  title: 'Problems',
  requirements: [
    requirement(
      'Errors are RFC 9457 `application/problem+json`:',
      'a problem has type, title, status, detail, code and request id, and names each wrong field',
      [],
      async (target) => {
        const path = pageOf('x', 'maxResults=0&waitTimeSeconds=99');
        const problem = await target.problem(path, 400, 'InvalidRequestException');
        assert.equal(problem['type'], '/docs/problems#InvalidRequestException');
        assert.equal(problem['status'], 400);
        for (const member of ['title', 'detail', 'requestId']) assert.equal(typeof problem[member], 'string');
        assert.deepEqual(
          problem['errors'].map(({ name }: { name: string }) => name),
          ['maxResults', 'waitTimeSeconds'],
        );
        const { headers, text } = await target.ask(path);
        assert.equal(JSON.parse(text).requestId, headers['x-request-id']);
      },
    ),
    requirement(
      'send a smaller body',
      'a body over 64 KiB is a 413, and a body that is not JSON is a 415',
      [],
      async (target) => {
        const path = '/v1/executions/x/tickets';
        const large = JSON.stringify({ ttlSeconds: 60, more: 'x'.repeat(70_000) });
        const json = { 'content-type': 'application/json' };
        await target.problem(path, 413, 'PayloadTooLarge', { method: 'POST', headers: json, body: large });
        const form = { 'content-type': 'application/x-www-form-urlencoded' };
        const body = 'ttlSeconds=60';
        await target.problem(path, 415, 'UnsupportedMediaType', { method: 'POST', headers: form, body });
      },
    ),
    requirement(
      'neither the archive nor the upstream knows it',
      'an unknown execution is a 404 with the code ResourceNotFoundException',
      ['emulator'],
      async (target) => {
        await target.problem(pageOf(target.newId('nobody')), 404, 'ResourceNotFoundException');
      },
    ),
    requirement(
      'the upstream failed, or its answer was unusable: retry later',
      'if the upstream throttles, fails or answers nonsense, callers get a 503 or 502 without any text of the upstream',
      ['emulator'],
      async (target) => {
        for (const [fault, status, code] of [
          ['throttleRate', 503, 'ThrottlingException'],
          ['internalErrorRate', 502, 'InternalFailureException'],
          ['xmlErrorRate', 502, 'BadUpstream'],
          ['resetRate', 502, 'InternalFailureException'],
        ] as const) {
          const id = target.newId(fault);
          await target.script(id, history(3));
          const answer = await target.withFault({ [fault]: 1 }, id, () => target.ask(pageOf(id)));
          assert.deepEqual([answer.status, JSON.parse(answer.text).code], [status, code], fault);
          assert.doesNotMatch(answer.text, /Rate exceeded|in between|amazon/i);
          if (status === 503) assert(Number(answer.headers['retry-after']) >= 1);
        }
      },
      15,
    ),
    requirement(
      'send JSON, uncompressed',
      'a compressed body is a 415 that names Content-Encoding',
      [],
      async (target) => {
        const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
        const body = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
        const call = { method: 'POST', headers, body };
        const problem = await target.problem('/v1/executions/x/tickets', 415, 'UnsupportedMediaType', call);
        assert.match(problem['detail'], /Content-Encoding/);
      },
    ),
    requirement(
      'An upstream outage does not close an open stream: heartbeats say `throttled` or `unavailable`, and the missing messages follow when the upstream is back.',
      'a stream stays open during an upstream outage, and afterwards sends the messages that it missed',
      ['emulator'],
      async (target) => {
        const id = target.newId('outage');
        await target.script(id, history(2));
        const open = await target.stream(pageOf(id));
        await open.event('caught-up');
        await target.withFault({ resetRate: 1 }, id, async () => {
          const before = (await target.calls(id)).calls;
          await target.script(id, [{ messageId: '2', eventType: 'STEP_STARTED' }], true);
          await eventually(async () => assert((await target.calls(id)).calls > before + 1));
          assert.deepEqual(open.messageIds, ['0', '1']);
        });
        await open.messages(3);
        open.leave();
      },
      10,
    ),
  ],
};
