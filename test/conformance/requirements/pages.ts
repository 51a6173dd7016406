/** Over 300 lines, because it covers one long section of the contract. */
import assert from 'node:assert/strict';
import { requirement, type Section } from '../requirement.ts';
import { eventually, history, idsFrom, idsIn, isPending, pageOf, readAll, summaryOf } from '../target.ts';

export const pages: Section = {
  title: 'A page',
  requirements: [
    requirement(
      '1 to 250, default 100',
      'a page has maxResults messages (default 100); a maxResults that is not a number from 1 to 250 is a 400',
      ['emulator'],
      async (target) => {
        const id = target.newId('sizes');
        await target.script(id, history(300));
        assert.deepEqual(idsIn(await target.json(pageOf(id))), idsFrom(0, 100));
        for (const size of [1, 7, 250]) {
          assert.deepEqual(idsIn(await target.json(pageOf(id, `maxResults=${size}`))), idsFrom(0, size));
        }
        for (const wrong of ['0', '251', '-1', '1e2', '5.0', '+5', '', 'x']) {
          await target.problem(
            pageOf(id, `maxResults=${encodeURIComponent(wrong)}`),
            400,
            'InvalidRequestException',
          );
        }
      },
    ),
    requirement(
      'Follow it until it is absent: then you have all messages so far.',
      'following nextToken yields each message once, in order, with any page size',
      ['emulator'],
      async (target) => {
        for (const [count, end] of [
          [0, undefined],
          [1, undefined],
          [250, 'EXECUTION_SUCCEEDED'],
          [501, undefined],
        ] as const) {
          const id = target.newId(`walk-${count}`);
          await target.script(id, history(count, end));
          for (const size of [100, 250, 83]) {
            const { ids, pages: read } = await readAll(target, id, `maxResults=${size}`);
            assert.deepEqual(ids, idsFrom(0, count));
            assert.equal(read, Math.max(1, Math.ceil(count / size)));
          }
        }
      },
    ),
    requirement(
      'two names for the position to continue from; two different values are a 400',
      'cursor and nextToken are interchangeable, and two different values are a 400',
      ['emulator'],
      async (target) => {
        const id = target.newId('names');
        await target.script(id, history(9));
        const first = await target.json(pageOf(id, 'maxResults=3'));
        assert.equal(first['nextToken'], first['cursor']);
        const cursor = first['cursor'];
        const second = await target.json(pageOf(id, `maxResults=3&cursor=${cursor}`));
        assert.deepEqual(idsIn(second), ['3', '4', '5']);
        for (const query of [`nextToken=${cursor}`, `nextToken=${cursor}&cursor=${cursor}`]) {
          assert.deepEqual(await target.json(pageOf(id, `maxResults=3&${query}`)), second);
        }
        const both = pageOf(id, `cursor=${cursor}&nextToken=${second['cursor']}`);
        await target.problem(both, 400, 'InvalidRequestException');
      },
    ),
    requirement(
      '`cursor` is always present: the position after the last message that was read, even if a filter excluded it.',
      'a cursor works with any page size and leads to later messages; for another execution it is a 400',
      ['emulator'],
      async (target) => {
        const [id, other] = [target.newId('cursor'), target.newId('cursor')];
        await Promise.all([target.script(id, history(5)), target.script(other, history(5))]);
        const all = await target.json(pageOf(id));
        assert.equal(all['nextToken'], undefined);
        assert(typeof all['cursor'] === 'string' && all['cursor'].length < 64);
        const empty = await target.json(pageOf(id, `cursor=${all['cursor']}`));
        assert.deepEqual(
          [empty['messages'], empty['cursor'], empty['nextToken']],
          [[], all['cursor'], undefined],
        );
        await target.script(id, [{ messageId: '5', eventType: 'STEP_STARTED' }], true);
        await eventually(async () =>
          assert.deepEqual(idsIn(await target.json(pageOf(id, `cursor=${all['cursor']}&maxResults=1`))), [
            '5',
          ]),
        );
        const changed = all['cursor'].replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A'));
        await target.problem(pageOf(other, `cursor=${all['cursor']}`), 400, 'InvalidRequestException');
        for (const wrong of [changed, `${all['cursor']}=`, 'x', '']) {
          await target.problem(pageOf(id, `cursor=${wrong}`), 400, 'InvalidRequestException');
        }
      },
    ),
    requirement(
      '1 to 250: read the newest messages; cannot be combined with a cursor',
      'last= gives the newest messages, oldest first; together with a cursor it is a 400',
      ['emulator'],
      async (target) => {
        const id = target.newId('last');
        await target.script(id, history(270));
        const newest = await target.json(pageOf(id, 'last=3'));
        assert.deepEqual(idsIn(newest), ['267', '268', '269']);
        assert.deepEqual(idsIn(await target.json(pageOf(id, 'last=250'))), idsFrom(20, 270));
        assert.deepEqual((await target.json(pageOf(id, `cursor=${newest['cursor']}`)))['messages'], []);
        await target.problem(pageOf(id, `last=3&cursor=${newest['cursor']}`), 400, 'InvalidRequestException');
      },
    ),
    requirement(
      'With `eventTypes` or `step` a page can be empty and still have a `nextToken`: one request reads at most 5,000 messages.',
      'eventTypes= omits messages of other types on every page; an unknown type is a 400',
      ['emulator'],
      async (target) => {
        const id = target.newId('types');
        const some = history(400, 'EXECUTION_FAILED').map((message, index) =>
          index % 50 === 7 ? { ...message, eventType: 'STEP_FAILED' } : message,
        );
        await target.script(id, some);
        const { ids } = await readAll(target, id, 'maxResults=3&eventTypes=STEP_FAILED,EXECUTION_FAILED');
        assert.deepEqual(ids, ['7', '57', '107', '157', '207', '257', '307', '357', '399']);
        await target.problem(pageOf(id, 'eventTypes=STEP_EXPLODED'), 400, 'InvalidRequestException');
      },
    ),
    requirement(
      '0 to 50: wait until a message exists after the cursor, the execution ends, or the time is up',
      'a long poll is answered soon after a new message appears, or with an empty page when the time is up',
      ['emulator'],
      async (target) => {
        const id = target.newId('poll');
        await target.script(id, history(3));
        const { cursor } = await target.json(pageOf(id));
        const waiting = target.json(pageOf(id, `cursor=${cursor}&waitTimeSeconds=50`));
        const beganAt = Date.now();
        const none = await target.json(pageOf(id, `cursor=${cursor}&waitTimeSeconds=2`));
        assert.deepEqual([none['messages'], none['cursor']], [[], cursor]);
        assert(Date.now() - beganAt > 1_800);
        assert(await isPending(waiting));
        await target.script(id, [{ messageId: '3', eventType: 'STEP_STARTED' }], true);
        const { calls } = await target.calls(id);
        const page = await waiting;
        assert.deepEqual(idsIn(page), ['3']);
        // At most three more calls: a poll that was in flight, the next poll, and one that began before the
        // test read the count again.
        assert((await target.calls(id)).calls <= calls + 3);
        // A request waits only if its page would be empty.
        const longer = target.json(pageOf(id, `cursor=${page['cursor']}&waitTimeSeconds=50`));
        assert.deepEqual(idsIn(await target.json(pageOf(id, 'waitTimeSeconds=50'))), idsFrom(0, 4));
        assert(await isPending(longer));
        await target.script(id, [{ messageId: '4', eventType: 'STEP_STARTED' }], true);
        assert.deepEqual(idsIn(await longer), ['4']);
        await target.problem(pageOf(id, 'waitTimeSeconds=51'), 400, 'InvalidRequestException');
      },
      20,
    ),
    requirement(
      '`status` is `RUNNING`, `SUCCEEDED`, `FAILED` or `ABORTED`. It is absent until the newest message has been read once.',
      '`status` is RUNNING until the execution ends, and then states how it ended',
      ['emulator'],
      async (target) => {
        for (const [end, status] of [
          [undefined, 'RUNNING'],
          ['EXECUTION_SUCCEEDED', 'SUCCEEDED'],
          ['EXECUTION_FAILED', 'FAILED'],
          ['EXECUTION_ABORTED', 'ABORTED'],
        ] as const) {
          const id = target.newId('status');
          await target.script(id, history(3, end));
          assert.equal((await target.json(pageOf(id)))['status'], status);
        }
      },
    ),
    requirement(
      'Any member of a message may be absent. `payload` is opaque text: it may be empty, prose, JSON, or almost JSON.',
      'messages are passed on unchanged: absent members stay absent, payloads and unknown types keep their text',
      ['emulator'],
      async (target) => {
        const id = target.newId('opaque');
        const payloads = [
          '',
          ' leading',
          'two\r\nlines',
          '{stepId: X, input: null}',
          '"',
          'ü \u{1f600} \u2028',
          '<b>',
        ];
        await target.script(id, [
          ...payloads.map((payload, index) => ({
            messageId: `p${index}`,
            eventType: 'STEP_STARTED',
            payload,
          })),
          { messageId: 'type', eventType: 'A_TYPE_OF_TOMORROW', timestamp: null },
          { timestamp: null },
        ]);
        const { messages } = await target.json(pageOf(id));
        assert.deepEqual(
          messages.slice(0, payloads.length).map(({ payload }: { payload: string }) => payload),
          payloads,
        );
        assert.deepEqual(messages.slice(payloads.length), [
          { messageId: 'type', eventType: 'A_TYPE_OF_TOMORROW' },
          {},
        ]);
      },
    ),
    requirement(
      'at most `maxResults`, and at most 4 MiB unless a single message is larger.',
      'a page has at most 4 MiB, except that a larger message gets a page of its own',
      ['emulator'],
      async (target) => {
        const id = target.newId('bytes');
        const large = history(40).map((message) => ({ ...message, payload: 'x'.repeat(200_000) }));
        await target.script(id, [
          ...large,
          { messageId: '40', eventType: 'STEP_STARTED', payload: 'y'.repeat(5_000_000) },
        ]);
        const first = await target.ask(pageOf(id));
        assert.equal(first.status, 200);
        assert(
          first.text.length < 4.5 * 1024 * 1024 && first.text.length > 1024 * 1024,
          String(first.text.length),
        );
        assert.deepEqual((await readAll(target, id, 'maxResults=250')).ids, idsFrom(0, 41));
      },
    ),
    requirement(
      '`ETag`, strong: send it back as `If-None-Match` to get a 304 if nothing has changed.',
      'If-None-Match gets a 304 without a body if the page has not changed, else a 200 with a new ETag',
      ['emulator'],
      async (target) => {
        const id = target.newId('etag');
        await target.script(id, history(3));
        const { headers } = await target.ask(pageOf(id), { headers: { 'accept-encoding': 'gzip' } });
        const etag = headers['etag'] ?? '';
        assert.match(etag, /^"[^"]+"$/);
        for (const given of [etag, `"other", W/${etag}`]) {
          const again = await target.ask(pageOf(id), { headers: { 'if-none-match': given } });
          assert.deepEqual([again.status, again.text, again.headers['etag']], [304, '', etag]);
        }
        await target.script(id, [{ messageId: '3', eventType: 'STEP_STARTED' }], true);
        await eventually(async () => {
          const changed = await target.ask(pageOf(id), { headers: { 'if-none-match': etag } });
          assert.equal(changed.status, 200);
          assert.notEqual(changed.headers['etag'], etag);
        });
      },
    ),
    requirement(
      '`Link: <…>; rel="next"`',
      '`Link` leads to the next page and keeps the query parameters; the last page has no `Link`',
      ['emulator'],
      async (target) => {
        const id = target.newId('link');
        await target.script(id, history(7));
        let path: string | undefined = pageOf(id, 'maxResults=3&eventTypes=STEP_STARTED');
        const ids: string[] = [];
        while (path !== undefined) {
          const answer = await target.ask(path);
          ids.push(...idsIn(JSON.parse(answer.text)));
          const link = /^<([^>]*)>; rel="next"$/.exec(answer.headers['link'] ?? '')?.[1];
          const next: URL | undefined =
            link === undefined ? undefined : new URL(link, new URL(path, target.base));
          path = next && next.pathname + next.search;
        }
        assert.deepEqual(ids, idsFrom(1, 7));
      },
    ),
    requirement(
      '`Cache-Control: private, max-age=300` for final histories, else `private, no-cache`',
      'a page of a settled history can be cached for five minutes, any other page must be revalidated, and `Vary` names the credentials',
      ['emulator'],
      async (target) => {
        const [settled, running] = [target.newId('settled'), target.newId('running')];
        await target.script(settled, history(3, 'EXECUTION_SUCCEEDED'));
        await target.script(running, history(3));
        await eventually(async () => {
          const { headers } = await target.ask(pageOf(settled));
          assert.equal(headers['cache-control'], 'private, max-age=300');
          for (const name of ['Accept', 'Authorization', 'X-API-Key']) {
            assert((headers['vary'] ?? '').split(', ').includes(name), headers['vary']);
          }
        });
        const { headers } = await target.ask(pageOf(running));
        assert.equal(headers['cache-control'], 'private, no-cache');
      },
    ),
    requirement(
      'the archive, without an upstream call',
      'once a settled history is archived, requests for it make no upstream call',
      ['emulator'],
      async (target) => {
        const id = target.newId('archive');
        await target.script(id, history(300, 'EXECUTION_SUCCEEDED'));
        const before = await readAll(target, id, 'maxResults=250');
        await eventually(async () => assert((await target.json(summaryOf(id)))['archivedAt'] !== undefined));
        const { calls } = await target.calls(id);
        const answer = await target.ask(pageOf(id));
        assert.match(answer.headers['cache-status'] ?? '', /^flowtap; hit; detail=(memory|kv)$/);
        assert.deepEqual(await readAll(target, id, 'maxResults=250'), before);
        const stream = await target.stream(pageOf(id));
        await stream.closed();
        await target.json(pageOf(id, 'last=5'));
        assert.equal((await target.calls(id)).calls, calls);
      },
    ),
    requirement(
      'an upstream call for another request at the same time',
      'simultaneous requests for a page share upstream calls, of which at most one is in flight',
      ['emulator'],
      async (target) => {
        const id = target.newId('collapsed');
        await target.script(id, history(10));
        const answers = await Promise.all(Array.from({ length: 30 }, () => target.ask(pageOf(id))));
        assert(answers.every(({ status, text }) => status === 200 && text === answers[0]?.text));
        for (const { headers } of answers) {
          const forms = /^flowtap; (hit|fwd=miss(; collapsed)?); detail=live$/;
          assert.match(headers['cache-status'] ?? '', forms);
        }
        const { calls, maxInFlight } = await target.calls(id);
        assert(calls <= 4 && maxInFlight === 1, `${calls} calls, ${maxInFlight} in flight at the same time`);
      },
    ),
    requirement(
      'read again from the start',
      'a cursor of a history that was replaced is a 410',
      ['emulator'],
      async (target) => {
        const id = target.newId('replaced');
        await target.script(id, history(5));
        const { cursor } = await target.json(pageOf(id));
        await target.script(
          id,
          history(5).map((message) => ({ ...message, messageId: `other-${message.messageId}` })),
        );
        await eventually(() => target.problem(pageOf(id, `cursor=${cursor}`), 410, 'HistoryChanged'));
      },
    ),
  ],
};
