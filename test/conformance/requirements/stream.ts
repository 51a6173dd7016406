/** Over 300 lines, because it covers the largest section of the contract. */
import assert from 'node:assert/strict';
import { requirement, type Section } from '../requirement.ts';
import { assertBetween, eventually, history, idsFrom, pageOf, pause } from '../target.ts';

export const stream: Section = {
  title: 'The event stream',
  requirements: [
    requirement(
      '**`caught-up`** is sent once per connection, after every message that existed when the stream was opened',
      'a stream sends the existing messages, then caught-up, then new messages, each once; every event has an id',
      ['emulator'],
      async (target) => {
        const id = target.newId('follow');
        await target.script(id, history(260));
        const open = await target.stream(pageOf(id));
        assert.equal(open.status, 200);
        await open.event('caught-up');
        assert.deepEqual(open.messageIds, idsFrom(0, 260));
        assert.equal(open.named('caught-up')[0]?.data, '{"status":"RUNNING"}');
        await target.script(id, [{ messageId: '260', eventType: 'STEP_STARTED' }], true);
        await open.messages(261);
        assert.deepEqual(open.messageIds, idsFrom(0, 261));
        assert(open.events.every((event) => (event.id ?? '') !== ''));
        assert.match(open.raw, /^data: /m);
        open.leave();
      },
      5,
    ),
    requirement(
      '`text/event-stream; charset=utf-8`',
      'the headers of a stream forbid proxies to store, transform or buffer it',
      ['emulator'],
      async (target) => {
        const id = target.newId('headers');
        await target.script(id, history(1));
        const open = await target.stream(pageOf(id), { headers: { 'accept-encoding': 'gzip, br' } });
        assert.match(open.headers['content-type'] ?? '', /^text\/event-stream/);
        assert.equal(open.headers['cache-control'], 'no-store, no-transform');
        assert.equal(open.headers['x-accel-buffering'], 'no');
        assert.equal(open.headers['content-encoding'], undefined);
        await open.until('retry:', () => open.retryMs !== undefined);
        open.leave();
      },
    ),
    requirement(
      'No blank line separates it from the first event. A later `retry:` is part of a `problem`.',
      'the first block contains retry:, and every block has data',
      ['emulator'],
      async (target) => {
        const [silent, ended] = [target.newId('retry'), target.newId('retry')];
        await target.script(ended, history(3, 'EXECUTION_SUCCEEDED'));
        await target.script(silent, history(1));
        const { cursor } = await target.json(pageOf(silent));
        const now = await target.stream(pageOf(silent, `cursor=${cursor}`));
        await now.event('caught-up');
        now.leave();
        const whole = await target.stream(pageOf(ended));
        await whole.closed();
        for (const open of [now, whole]) {
          assert.match(open.raw, /^retry: \d+\nid: /);
          assert.equal(open.dataless, 0);
        }
      },
      5,
    ),
    requirement(
      "Request the page's address with `Accept: text/event-stream`. If the header also names `application/json` with at least the same weight, the answer is the page",
      'a request gets a stream only if it accepts text/event-stream and prefers it to application/json',
      ['emulator'],
      async (target) => {
        const id = target.newId('accept');
        await target.script(id, history(1));
        for (const accept of [
          '*/*',
          'text/*',
          'application/json',
          'text/event-stream;q=0',
          'application/json, text/event-stream',
          'application/json, text/event-stream;q=0.1',
        ]) {
          await target.json(pageOf(id), { headers: { accept } });
        }
        const open = await target.stream(pageOf(id), {
          headers: { accept: 'application/json;q=0.1, text/event-stream' },
        });
        await open.event('caught-up');
        open.leave();
      },
    ),
    requirement(
      'Every event except `problem` has an id: the position after the last message that was sent or that a filter excluded.',
      'a reconnect with the last id, of a message or of caught-up, resumes right after that event',
      ['emulator'],
      async (target) => {
        const id = target.newId('resume');
        await target.script(id, history(30));
        const first = await target.stream(pageOf(id));
        await first.event('caught-up');
        first.leave();
        for (const event of [first.events[0], first.events[16], first.events[29], first.events.at(-1)]) {
          const seen = event?.name === 'message' ? Number(JSON.parse(event.data).messageId) + 1 : 30;
          const again = await target.stream(pageOf(id), { headers: { 'last-event-id': event?.id ?? '' } });
          await again.event('caught-up');
          assert.deepEqual(again.messageIds, idsFrom(seen, 30));
          again.leave();
          const page = await target.json(pageOf(id, `cursor=${event?.id}`));
          assert.equal(page['messages'].length, 30 - seen);
        }
      },
    ),
    requirement(
      'The stream starts after the position in the `Last-Event-ID` header, else in `?lastEventId=`, else in `?cursor=`. Without a position, it starts at `?from=start` (the default) or `?from=now`.',
      'Last-Event-ID takes precedence over lastEventId=, lastEventId= over cursor=, and cursor= over from=',
      ['emulator'],
      async (target) => {
        const id = target.newId('begin');
        await target.script(id, history(10));
        const third = (await target.json(pageOf(id, 'maxResults=3')))['cursor'];
        const sixth = (await target.json(pageOf(id, 'maxResults=6')))['cursor'];
        const idsOf = async (query: string, headers = {}) => {
          const open = await target.stream(pageOf(id, query), { headers });
          await open.event('caught-up');
          open.leave();
          return open.messageIds;
        };
        assert.deepEqual(await idsOf(''), idsFrom(0, 10));
        assert.deepEqual(await idsOf('from=start'), idsFrom(0, 10));
        assert.deepEqual(await idsOf('from=now'), []);
        assert.deepEqual(await idsOf(`cursor=${third}&from=now`), idsFrom(3, 10));
        assert.deepEqual(await idsOf(`cursor=${third}`, { 'last-event-id': sixth }), idsFrom(6, 10));
        assert.deepEqual(await idsOf(`cursor=${third}&lastEventId=${sixth}`), idsFrom(6, 10));
        assert.deepEqual(await idsOf(`lastEventId=${third}`, { 'last-event-id': sixth }), idsFrom(6, 10));
        assert.deepEqual(await idsOf('lastEventId=unknown'), idsFrom(0, 10));
      },
    ),
    requirement(
      'Reconnect with it and you miss nothing, even with `from=now`, with a filter, or if no message has arrived.',
      'the id of caught-up resumes at the position where from=now started, and ids advance past filtered messages',
      ['emulator'],
      async (target) => {
        const id = target.newId('now');
        await target.script(id, history(5));
        const now = await target.stream(pageOf(id, 'from=now'));
        await now.event('caught-up');
        now.leave();
        await target.script(
          id,
          [
            { messageId: '5', eventType: 'STEP_FAILED' },
            { messageId: '6', eventType: 'STEP_STARTED' },
          ],
          true,
        );
        const later = await target.stream(pageOf(id), { headers: { 'last-event-id': now.lastId } });
        await later.messages(2);
        assert.deepEqual(later.messageIds, ['5', '6']);
        later.leave();
        const some = await target.stream(pageOf(id, 'eventTypes=STEP_FAILED'));
        await some.event('caught-up');
        assert.deepEqual(some.messageIds, ['5']);
        some.leave();
        const rest = await target.stream(pageOf(id), { headers: { 'last-event-id': some.lastId } });
        await rest.event('caught-up');
        assert.deepEqual(rest.messageIds, []);
        rest.leave();
      },
    ),
    requirement(
      '`{timestamp, pollIntervalMs, upstream}` after 15 s of silence; `upstream` is `ok`, `throttled` or `unavailable`',
      'a silent stream gets a heartbeat every 15 s, with the state of the upstream',
      ['emulator'],
      async (target) => {
        const id = target.newId('silent');
        await target.script(id, history(1));
        const silentFrom = Date.now();
        const open = await target.stream(pageOf(id));
        await open.event('caught-up');
        await open.event('heartbeat');
        assert(Date.now() - silentFrom > 14_000, 'the heartbeat was sent before 15 s of silence');
        const beat = open.named('heartbeat')[0];
        const { timestamp, pollIntervalMs, upstream } = JSON.parse(beat?.data ?? '');
        assertBetween(Date.parse(timestamp), silentFrom, Date.now());
        assert(pollIntervalMs >= 1_000, `pollIntervalMs: ${pollIntervalMs}`);
        assert.equal(upstream, 'ok');
        assert.equal(beat?.id, open.named('caught-up')[0]?.id);
        open.leave();
      },
      16,
    ),
    requirement(
      '`{status}`: the execution ended at least 10 s ago and every message was sent; the server closes',
      'a stream of a settled execution sends its messages, caught-up and end, and then the server closes it',
      ['emulator'],
      async (target) => {
        const id = target.newId('ended');
        await target.script(id, history(300, 'EXECUTION_FAILED'));
        for (let time = 0; time < 2; time++) {
          const open = await target.stream(pageOf(id));
          await open.closed();
          assert.deepEqual(open.messageIds, idsFrom(0, 300));
          const others = open.events.slice(300).map(({ name, data }) => [name, data]);
          assert.deepEqual(others, [
            ['caught-up', '{"status":"FAILED"}'],
            ['end', '{"status":"FAILED"}'],
          ]);
        }
      },
      5,
    ),
    requirement(
      'Reconnecting with the id of an `end` gets a 204, which stops an EventSource.',
      'a reconnect with the id of end is a 204; a reconnect with the id of the last message gets end again',
      ['emulator'],
      async (target) => {
        const id = target.newId('after-end');
        await target.script(id, history(3, 'EXECUTION_SUCCEEDED'));
        const open = await target.stream(pageOf(id));
        await open.closed();
        const again = await target.stream(pageOf(id), { headers: { 'last-event-id': open.lastId } });
        assert.equal(again.status, 204);
        assert.equal((await target.stream(pageOf(id, `lastEventId=${open.lastId}`))).status, 204);
        const last = open.named('message').at(-1)?.id ?? '';
        const once = await target.stream(pageOf(id), { headers: { 'last-event-id': last } });
        await once.closed();
        assert.deepEqual(once.messageIds, []);
        assert.equal(once.events.at(-1)?.name, 'end');
        // The key is checked before the id.
        const unknown = { headers: { 'last-event-id': open.lastId }, key: null };
        assert.equal((await target.stream(pageOf(id), unknown)).status, 401);
      },
      5,
    ),
    requirement(
      '`?cursor=` of another execution, or other invalid parameters',
      'a Last-Event-ID of another execution gets reset and all messages; a ?cursor= of another execution gets a 400',
      ['emulator'],
      async (target) => {
        const [id, other] = [target.newId('reset'), target.newId('reset')];
        await Promise.all([target.script(id, history(4)), target.script(other, history(4))]);
        const { cursor } = await target.json(pageOf(other));
        for (const lastEventId of [cursor, 'not one of ours']) {
          const open = await target.stream(pageOf(id), { headers: { 'last-event-id': lastEventId } });
          await open.event('caught-up');
          assert.equal(open.events[0]?.name, 'reset');
          assert.deepEqual(open.messageIds, idsFrom(0, 4));
          open.leave();
        }
        assert.equal((await target.stream(pageOf(id, `cursor=${cursor}`))).status, 400);
      },
    ),
    requirement(
      '`{}`: the history has changed, or your event id is invalid; the history is sent again from its start',
      'when the history is replaced, an open stream sends reset and then the new history from its start',
      ['emulator'],
      async (target) => {
        const id = target.newId('replaced');
        await target.script(id, history(4));
        const open = await target.stream(pageOf(id));
        await open.event('caught-up');
        const replaced = history(5).map((message) => ({ ...message, messageId: `new-${message.messageId}` }));
        await target.script(id, replaced);
        await open.event('reset');
        await open.messages(9);
        const at = open.events.findIndex(({ name }) => name === 'reset');
        const after = open.events.slice(at).filter(({ name }) => name === 'message');
        assert.deepEqual(
          after.map(({ data }) => JSON.parse(data).messageId),
          ['new-0', 'new-1', 'new-2', 'new-3', 'new-4'],
        );
        open.leave();
      },
      5,
    ),
    requirement(
      'the upstream does not know the execution, even 5 s later',
      'a stream can be opened before its execution starts; if the execution does not start within 5 s, the answer is a 404',
      ['emulator'],
      async (target) => {
        const [soon, never] = [target.newId('soon'), target.newId('never')];
        const beganAt = Date.now();
        const missing = target.stream(pageOf(never));
        const early = target.stream(pageOf(soon));
        // Wait until the service has looked for both executions.
        await eventually(async () => {
          for (const id of [soon, never]) assert.notEqual((await target.calls(id)).calls, 0);
        });
        await target.script(soon, history(2));
        const open = await early;
        await open.messages(2);
        open.leave();
        assert.equal((await missing).status, 404);
        assert(Date.now() - beganAt > 3_500);
        // The service looks for an unknown execution at 0, 1.5 and 5 s.
        assert.equal((await target.calls(never)).calls, 3);
        // A page request does not wait for an unknown execution.
        await target.problem(pageOf(target.newId('never')), 404, 'ResourceNotFoundException');
      },
      6,
    ),
    requirement(
      'key or ticket unknown, revoked or expired',
      'a stream without a key, with a wrong key or with a key for other executions is refused with problem JSON',
      ['admin'],
      async (target) => {
        const { key } = await target.newKey({ executions: ['nothing'] });
        for (const [call, status] of [
          [{ key: null }, 401],
          [{ key: 'ftk_wrong' }, 401],
          [{ key }, 403],
        ] as const) {
          const open = await target.stream(pageOf('x'), call);
          await open.closed();
          assert.equal(open.status, status);
          assert.match(open.headers['content-type'] ?? '', /^application\/problem\+json/);
        }
      },
    ),
    requirement(
      'the key has reached its stream limit: 100 for this execution',
      'a stream over the key’s limit gets a 200 with a problem event and retry:; a new stream is accepted once another has closed',
      ['admin', 'emulator'],
      async (target) => {
        const id = target.newId('places');
        await target.script(id, history(2));
        const { key } = await target.newKey({ streamLimit: 2 });
        const held = [await target.stream(pageOf(id), { key }), await target.stream(pageOf(id), { key })];
        for (const open of held) await open.event('caught-up');
        const refused = await target.stream(pageOf(id), { key });
        await refused.closed();
        assert.equal(refused.status, 200);
        const problem = refused.named('problem')[0];
        assert.equal(problem?.id, undefined);
        const { status, code, retryAfterSeconds } = JSON.parse(problem?.data ?? '');
        assert.deepEqual([status, code], [429, 'TooManyStreams']);
        assert((refused.retryMs ?? 0) >= retryAfterSeconds * 1_000);
        assert.equal(refused.dataless, 0);
        held[0]?.leave();
        await eventually(async () => {
          const next = await target.stream(pageOf(id), { key });
          await next.event('caught-up').finally(() => next.leave());
        });
        held[1]?.leave();
      },
      16,
    ),
    requirement(
      'problem JSON: why the server closes early, with `retryAfterSeconds` if retrying helps; the only event without an id',
      'the stream of a revoked key closes within a minute, with a problem that says why',
      ['admin', 'emulator'],
      async (target) => {
        const id = target.newId('revoked');
        await target.script(id, history(2));
        const { id: keyId, key } = await target.newKey();
        // The store now caches the key for 30 s. The stream starts 2 s later, so when it first checks its key
        // after 30 s, the cached copy has expired.
        await target.json('/v1/key', { key });
        await pause(2_000);
        const open = await target.stream(pageOf(id), { key });
        await open.event('caught-up');
        await target.adminJson(200, `keys/${keyId}/revoke`, 'POST', {});
        await open.closed();
        // A heartbeat follows each 15 s of silence. The stream can stay open for a minute, plus 30 s during which a
        // store might answer from its cache. That is time for six heartbeats.
        assert(open.named('heartbeat').length <= 6);
        assert.equal(JSON.parse(open.named('problem')[0]?.data ?? '{}').code, 'RevokedApiKey');
      },
      60,
    ),
    requirement(
      'An expired ticket is a 401, at which `EventSource` stops.',
      'a stream opened with a ticket closes when the ticket expires, with an ExpiredTicket problem',
      ['emulator'],
      async (target) => {
        const id = target.newId('expiry');
        await target.script(id, history(2));
        const path = `/v1/executions/${encodeURIComponent(id)}/tickets`;
        const body = JSON.stringify({ ttlSeconds: 3 });
        const headers = { 'content-type': 'application/json' };
        const beganAt = Date.now();
        const { ticket } = await target.json(path, { method: 'POST', headers, body }, 201);
        const open = await target.stream(pageOf(id, `ticket=${ticket}`), { key: null });
        await open.event('caught-up');
        await open.closed();
        // Tickets expire at a whole second, so a ticket of 3 s can last little more than 2 s.
        assert(Date.now() - beganAt > 1_500);
        // The stream closed before the first heartbeat, which follows 15 s of silence.
        assert.deepEqual(open.named('heartbeat'), []);
        assert.equal(JSON.parse(open.named('problem')[0]?.data ?? '{}').code, 'ExpiredTicket');
        await target.problem(pageOf(id, `ticket=${ticket}`), 401, 'ExpiredTicket', { key: null });
      },
      4,
    ),
    requirement(
      'The number of subscribers makes no difference.',
      'all subscribers of an execution share its upstream calls, of which at most one is in flight',
      ['admin', 'emulator'],
      async (target) => {
        const id = target.newId('shared');
        await target.script(id, history(3));
        const { key } = await target.newKey();
        const open = await Promise.all(Array.from({ length: 50 }, () => target.stream(pageOf(id), { key })));
        await Promise.all(open.map((each) => each.event('caught-up')));
        const beganAt = Date.now();
        const before = (await target.calls(id)).calls;
        await target.script(id, [{ messageId: '3', eventType: 'STEP_STARTED' }], true);
        await Promise.all(open.map((each) => each.messages(4)));
        const { calls, maxInFlight } = await target.calls(id);
        const seconds = (Date.now() - beganAt) / 1_000;
        // The shortest poll interval is 0.9 s, and a poll might have been in flight when the test started counting.
        assert(calls - before <= seconds / 0.9 + 2, `${calls - before} calls in ${seconds} s`);
        assert.equal(maxInFlight, 1);
        for (const each of open) {
          assert.deepEqual(each.messageIds, idsFrom(0, 4));
          assert((each.retryMs ?? 0) > 0);
          each.leave();
        }
      },
      5,
    ),
  ],
};
