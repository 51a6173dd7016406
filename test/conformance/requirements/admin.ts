import assert from 'node:assert/strict';
import type { Json } from '../http.ts';
import { requirement, type Section } from '../requirement.ts';
import { eventually, history, idsFrom, pageOf, readAll, summaryOf } from '../target.ts';

export const admin: Section = {
  title: 'Your key, and admin',
  requirements: [
    requirement(
      '`GET /v1/key` answers `{id, name, executions, payloads, tickets, tier, limits, expiresAt}`. `?flowExecutionId=…` adds `allowed`',
      'GET /v1/key shows what the key may do, and whether it may read a given execution',
      ['admin'],
      async (target) => {
        const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
        const { id, key } = await target.newKey({ executions: ['urn:a/*'], tier: 'standard', expiresAt });
        const { limits, ...described } = await target.json('/v1/key?flowExecutionId=urn:a/b', { key });
        assert.deepEqual(described, {
          id,
          name: 'conformance',
          executions: ['urn:a/*'],
          payloads: 'full',
          tickets: true,
          tier: 'standard',
          expiresAt,
          allowed: true,
        });
        assert.equal(typeof limits, 'object');
        assert.equal((await target.json('/v1/key?flowExecutionId=urn:b', { key }))['allowed'], false);
      },
    ),
    requirement(
      'Send `Authorization: Bearer <ADMIN_TOKEN>`. Without the setting `ADMIN_TOKEN` these paths are a 404.',
      'the admin API accepts only the admin token, never an API key',
      ['admin'],
      async (target) => {
        for (const key of [null, target.key]) {
          assert.equal((await target.ask('/v1/admin/keys', { key })).status, 401);
        }
        await target.adminJson(200, 'keys?limit=1');
      },
    ),
    requirement(
      '**`key`** is shown only once.',
      'the text of a key is shown only at its creation; following the pages of the key list finds each key once',
      ['admin'],
      async (target) => {
        const [one] = await Promise.all([target.newKey({ owner: 'team a' }), target.newKey()]);
        assert.match(one['key'], /^ftk_/);
        const shown = await target.admin(`keys/${one['id']}`);
        assert(!shown.text.includes(one['key']));
        assert.equal((JSON.parse(shown.text) as Json)['owner'], 'team a');
        await eventually(async () => {
          const ids: string[] = [];
          for (let query = 'limit=20'; query !== '';) {
            const page = await target.adminJson(200, `keys?${query}`);
            ids.push(...page['keys'].map(({ id }: { id: string }) => id));
            query =
              page['cursor'] === undefined ? '' : `limit=20&cursor=${encodeURIComponent(page['cursor'])}`;
          }
          assert.equal(ids.filter((id) => id === one['id']).length, 1);
        });
      },
    ),
    requirement(
      "**`payloads`** has no default: histories contain customers' data, so choose `none`, `names` or `full`: see [access to payloads](#access-to-payloads).",
      'a request for a new key must state `payloads`; a key with `none` sees no payload in pages and streams',
      ['admin', 'emulator'],
      async (target) => {
        const refused = await target.admin('keys', 'POST', { name: 'x', executions: ['*'] });
        assert.equal(refused.status, 400);
        assert.match(refused.text, /payloads/);
        const id = target.newId('payloads');
        await target.script(id, history(3));
        const { key } = await target.newKey({ payloads: 'none' });
        const { messages } = await target.json(pageOf(id), { key });
        assert(messages.length === 3 && messages.every((message: object) => !('payload' in message)));
        const open = await target.stream(pageOf(id), { key });
        await open.event('caught-up');
        assert(!open.raw.includes('payload'));
        open.leave();
      },
    ),
    requirement(
      'changes the given members; `null` removes `owner` or `expiresAt`',
      'changing a key affects only the members that the request names',
      ['admin'],
      async (target) => {
        const { id } = await target.newKey({ owner: 'team a' });
        await target.adminJson(200, `keys/${id}`, 'PATCH', { owner: null, executions: ['urn:new/*'] });
        await eventually(async () => {
          const changed = await target.adminJson(200, `keys/${id}`);
          assert.deepEqual(
            [changed['owner'], changed['executions'], changed['name'], changed['payloads']],
            [undefined, ['urn:new/*'], 'conformance', 'full'],
          );
        });
        assert.equal((await target.admin(`keys/${id}`, 'PATCH', { colour: 'red' })).status, 400);
        assert.equal((await target.admin('keys/nobody00')).status, 404);
      },
    ),
    requirement(
      '`{overlapSeconds}` → 201 with a new `key`; the old credentials stay valid for the overlap (default: a day)',
      'after a rotation both credentials are valid for the same key',
      ['admin'],
      async (target) => {
        const { id, key } = await target.newKey();
        const rotated = await target.adminJson(201, `keys/${id}/rotate`, 'POST', { overlapSeconds: 3_600 });
        assert.notEqual(rotated['key'], key);
        for (const each of [key, rotated['key']]) {
          await eventually(async () => assert.equal((await target.json('/v1/key', { key: each }))['id'], id));
        }
      },
    ),
    requirement(
      'imports an exported history; answers the archived execution',
      'an imported history is served without an upstream call, and the admin API lists it',
      ['admin', 'emulator'],
      async (target) => {
        const id = target.newId('import');
        const ndjson = history(300, 'EXECUTION_SUCCEEDED')
          .map((message) => JSON.stringify(message))
          .join('\n');
        const path = `executions/${encodeURIComponent(id)}`;
        const taken = await target.admin(`${path}/messages`, 'PUT', ndjson);
        assert(taken.status === 200 || taken.status === 201, taken.text);
        assert.deepEqual((await readAll(target, id, 'maxResults=250')).ids, idsFrom(0, 300));
        const described = await target.json(summaryOf(id));
        assert.deepEqual(
          [described['status'], described['messageCount'], described['final']],
          ['SUCCEEDED', 300, true],
        );
        assert.equal((await target.calls(id)).calls, 0);
        await eventually(async () => {
          const ids: string[] = [];
          for (let query = ''; query !== 'end';) {
            const page: Json = await target.adminJson(200, `executions?status=SUCCEEDED&limit=100${query}`);
            ids.push(...page['executions'].map((each: Json) => each['flowExecutionId']));
            query = page['cursor'] === undefined ? 'end' : `&cursor=${encodeURIComponent(page['cursor'])}`;
          }
          assert(ids.includes(id));
        });
        const forgotten = await target.admin(path, 'DELETE');
        assert.equal(forgotten.status, 204);
        assert.equal((await target.admin(path, 'DELETE')).status, 404);
        await eventually(() => target.problem(pageOf(id), 404, 'ResourceNotFoundException'));
      },
      11,
    ),
    requirement(
      'Every message is checked. If any is invalid, nothing is imported, and the answer names the first ten with their lines.',
      'an import with an invalid line stores nothing and names the line; a history without a terminal message is refused',
      ['admin', 'emulator'],
      async (target) => {
        const id = target.newId('bad-import');
        const path = `executions/${encodeURIComponent(id)}/messages`;
        const lines = history(5, 'EXECUTION_SUCCEEDED').map((message) => JSON.stringify(message));
        const bad = await target.admin(path, 'PUT', lines.with(2, '{"messageId": 7}').join('\n'));
        assert.equal(bad.status, 400);
        assert.match(bad.text, /\b3\b/);
        assert.equal((await target.admin(path, 'PUT', lines.slice(0, 4).join('\n'))).status, 400);
        await target.problem(pageOf(id), 404, 'ResourceNotFoundException');
      },
    ),
    requirement(
      '**The probe** asks each source for an execution that cannot exist',
      'a probe reports whether each source and the store can be reached; it requires the admin token',
      ['admin', 'emulator'],
      async (target) => {
        assert.equal((await target.ask('/v1/admin/probe', { method: 'POST' })).status, 401);
        const { sources, store } = await target.adminJson(200, 'probe', 'POST');
        assert(sources.length > 0);
        for (const source of sources) {
          assert.equal(typeof source['source'], 'string');
          assert.equal(typeof source['region'], 'string');
          assert.equal(source['ok'], true, JSON.stringify(source));
        }
        assert.equal(store['ok'], true, JSON.stringify(store));
      },
    ),
  ],
};
