import assert from 'node:assert/strict';
import { requirement, type Section } from '../requirement.ts';
import { assertBetween, history, idsIn, pageOf, summaryOf, type Target } from '../target.ts';

const ticketsOf = (id: string) => `/v1/executions/${encodeURIComponent(id)}/tickets`;

const newTicket = (target: Target, id: string, body: object, key = target.key) =>
  target.json(
    ticketsOf(id),
    { method: 'POST', key, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    201,
  );

export const tickets: Section = {
  title: 'Tickets',
  requirements: [
    requirement(
      'Send a [ticket](#tickets) as `?ticket=`. It is valid only for the GETs of its execution.',
      'a ticket gives access to the page, stream and summary of its execution, and to nothing else',
      ['emulator'],
      async (target) => {
        const id = target.newId('ticket');
        await target.script(id, history(3, 'EXECUTION_SUCCEEDED'));
        const { ticket, streamUrl } = await newTicket(target, id, {});
        const key = null;
        assert.equal(idsIn(await target.json(pageOf(id, `ticket=${ticket}`), { key })).length, 3);
        assert.equal((await target.json(summaryOf(id, `ticket=${ticket}`), { key }))['status'], 'SUCCEEDED');
        const url = new URL(streamUrl);
        assert.equal(url.origin, target.base.origin);
        const open = await target.stream(url.pathname + url.search, { key });
        await open.closed();
        assert.equal(open.messageIds.length, 3);
        const other = target.newId('ticket');
        await target.problem(pageOf(other, `ticket=${ticket}`), 403, 'AccessDeniedException', { key });
        for (const path of [`/v1/key?ticket=${ticket}`, `${ticketsOf(id)}?ticket=${ticket}`]) {
          const method = path.startsWith('/v1/key') ? 'GET' : 'POST';
          const { status } = await target.ask(path, { key, method });
          assert([401, 403].includes(status), `${path}: ${status}`);
        }
      },
      3,
    ),
    requirement(
      'A ticket lasts 10 minutes by default, at most an hour.',
      'a ticket lasts 10 minutes by default and at most an hour; it never shows more than its key',
      ['emulator', 'admin'],
      async (target) => {
        const id = target.newId('ticket');
        await target.script(id, history(3));
        const beganAt = Date.now();
        const { expiresAt, ticket } = await newTicket(target, id, { payloads: 'none' });
        assertBetween(Date.parse(expiresAt) - 600_000, beganAt, Date.now());
        const { messages } = await target.json(pageOf(id, `ticket=${ticket}`), { key: null });
        assert(messages.every((message: object) => !('payload' in message)));
        for (const body of ['{"ttlSeconds":3601}', '{"ttlSeconds":0}', '{"payloads":"some"}', '[]', '{']) {
          const headers = { 'content-type': 'application/json' };
          await target.problem(ticketsOf(id), 400, 'InvalidRequestException', {
            method: 'POST',
            headers,
            body,
          });
        }
        const poor = await target.newKey({ payloads: 'none' });
        const answer = await target.ask(ticketsOf(id), {
          method: 'POST',
          key: poor['key'],
          headers: { 'content-type': 'application/json' },
          body: '{"payloads":"full"}',
        });
        if (answer.status === 201) {
          const wider = JSON.parse(answer.text).ticket;
          const page = await target.json(pageOf(id, `ticket=${wider}`), { key: null });
          assert(page['messages'].every((message: object) => !('payload' in message)));
        } else assert.equal(answer.status, 403);
      },
    ),
    requirement(
      'The key needs `tickets: true`.',
      'a key that may not create tickets gets a 403 OperationNotAllowed',
      ['admin'],
      async (target) => {
        const { key } = await target.newKey({ tickets: false });
        await target.problem(ticketsOf('x'), 403, 'OperationNotAllowed', { method: 'POST', key });
      },
    ),
  ],
};
