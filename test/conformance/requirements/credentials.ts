import assert from 'node:assert/strict';
import type { Answer } from '../http.ts';
import { requirement, type Section } from '../requirement.ts';
import { eventually, history, pageOf, pause } from '../target.ts';

/** Returns the key with a wrong checksum. It is otherwise well formed. */
const MISTYPED = (key: string) => key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');

export const credentials: Section = {
  title: 'Credentials',
  requirements: [
    requirement(
      'Send an API key as `Authorization: Bearer ftk_…` or `X-API-Key: ftk_…`.',
      'a key is accepted in either header, and the same key in both counts as one credential',
      [],
      async (target) => {
        const [bearer, header, both] = await Promise.all([
          target.json('/v1/key'),
          target.json('/v1/key', { key: null, headers: { 'x-api-key': target.key } }),
          target.json('/v1/key', { headers: { 'x-api-key': target.key } }),
        ]);
        assert.deepEqual(header, bearer);
        assert.deepEqual(both, bearer);
      },
    ),
    requirement(
      'Two different credentials are a 400. A credential of another service next to the key (a `Bearer` or `Basic` that a proxy or library adds) is ignored.',
      'two different credentials are a 400; a credential of another service beside the key is ignored',
      [],
      async (target) => {
        const headers = { 'x-api-key': MISTYPED(target.key) };
        await target.problem('/v1/key', 400, 'ConflictingCredentials', { headers });
        for (const authorization of ['Bearer of.another.service', 'Basic dTpw']) {
          await target.json('/v1/key', { key: null, headers: { authorization, 'x-api-key': target.key } });
        }
      },
    ),
    requirement(
      'A key that is sent without `Bearer`, or with another scheme, is a 401 that says so.',
      'a key with a missing or wrong scheme is a 401 that names the scheme and does not repeat the key',
      [],
      async (target) => {
        for (const [authorization, words] of [
          [target.key, 'has no scheme'],
          [`Token ${target.key}`, 'scheme Token'],
          ['Basic dTpw', 'scheme Basic'],
        ] as const) {
          const call = { key: null, headers: { authorization } };
          const problem = await target.problem('/v1/key', 401, 'MissingCredentials', call);
          assert(problem['detail'].includes(words), problem['detail']);
          assert(!JSON.stringify(problem).includes(target.key));
        }
      },
    ),
    requirement(
      'A key anywhere in the URL is a 400, because URLs end up in logs.',
      'a key in path or query is a 400 that does not repeat it',
      [],
      async (target) => {
        for (const path of [
          `/v1/key?api_key=${target.key}`,
          `/v1/executions/${target.key}/messages`,
          `/v1/executions/x/messages?ticket=${target.key}`,
        ]) {
          const problem = await target.problem(path, 400, 'KeyInUrl', { key: null });
          assert(!JSON.stringify(problem).includes(target.key));
        }
      },
    ),
    requirement(
      '`MissingCredentials`, `InvalidApiKey`, `RevokedApiKey`, `ExpiredApiKey`, `InvalidTicket`, `ExpiredTicket`',
      'a missing key, an invalid key and an invalid ticket are 401s with different codes',
      [],
      async (target) => {
        await target.problem('/v1/key', 401, 'MissingCredentials', { key: null });
        await target.problem('/v1/key', 401, 'InvalidApiKey', { key: MISTYPED(target.key) });
        await target.problem('/v1/key', 401, 'InvalidApiKey', { key: 'not a key' });
        await target.problem(pageOf('x', 'ticket=made-up'), 401, 'InvalidTicket', { key: null });
      },
    ),
    requirement(
      'Checks run in this order: one credential, not in the URL; valid format and checksum; known; not revoked; not expired; rate limit; permission for this execution.',
      'a revoked and an expired key get different codes, even for executions that they may not read',
      ['admin'],
      async (target) => {
        const [revoked, expiring] = await Promise.all([
          target.newKey({ executions: ['nothing'] }),
          target.newKey({ executions: ['nothing'], expiresAt: new Date(Date.now() + 3_000).toISOString() }),
        ]);
        await target.adminJson(200, `keys/${revoked['id']}/revoke`, 'POST', {});
        await eventually(() =>
          target.problem(pageOf('anything'), 401, 'RevokedApiKey', { key: revoked['key'] }),
        );
        await eventually(() =>
          target.problem(pageOf('anything'), 401, 'ExpiredApiKey', { key: expiring['key'] }),
        );
      },
      12,
    ),
    requirement(
      'A failed authentication is a 401, a missing permission a 403. Neither reveals whether an execution exists.',
      'a key gets the same 403 for every execution outside its patterns, whether it exists or not',
      ['admin', 'emulator'],
      async (target) => {
        const id = target.newId('forbidden');
        await target.script(id, history(3));
        const { key } = await target.newKey({ executions: ['urn:tdm:other/*'] });
        const [there, not] = await Promise.all(
          [id, target.newId('nowhere')].map((each) =>
            target.problem(pageOf(each), 403, 'AccessDeniedException', { key }),
          ),
        );
        assert.deepEqual({ ...there, requestId: '' }, { ...not, requestId: '' });
        assert.equal((await target.calls(id)).calls, 0);
      },
    ),
    requirement(
      '**`executions`** are patterns: `*` matches any characters, `/` included.',
      'a pattern gives access to the executions that it matches and to no others',
      ['admin', 'emulator'],
      async (target) => {
        const id = target.newId('pattern/with/slashes');
        await target.script(id, history(1));
        const { key } = await target.newKey({ executions: [`${id.slice(0, 60)}*slashes*`] });
        await target.json(pageOf(id), { key });
        await target.problem(pageOf(id.replace('slashes', 'dashes')), 403, 'AccessDeniedException', { key });
      },
    ),
    requirement(
      'retry after `Retry-After`',
      'a key over its rate gets 429 with Retry-After, and is accepted again after that time',
      ['admin'],
      async (target) => {
        const { key } = await target.newKey({ tier: 'standard' });
        const answers: Answer[] = [];
        const withStatus = (status: number) => answers.filter((answer) => answer.status === status);
        // On a busy machine a new rate period might begin before the requests of one batch exceed the rate.
        while (withStatus(429).length === 0) {
          answers.push(
            ...(await Promise.all(Array.from({ length: 250 }, () => target.ask('/v1/key', { key })))),
          );
        }
        const refused = withStatus(429);
        assert(withStatus(200).length >= 100, `${refused.length} of ${answers.length} refused`);
        assert.equal(withStatus(200).length + refused.length, answers.length);
        const seconds = Number(refused.at(-1)?.headers['retry-after']);
        assert(seconds >= 1 && seconds <= 10, `Retry-After: ${seconds}`);
        await pause(seconds * 1_000);
        await eventually(() => target.json('/v1/key', { key }));
      },
      11,
    ),
  ],
};
