import assert from 'node:assert/strict';
import { requirement, type Section } from '../requirement.ts';
import { history, idsIn, isPending, pageOf, summaryOf } from '../target.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ISO_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

export const general: Section = {
  title: 'In general',
  requirements: [
    requirement(
      'Every answer of the API has `X-Request-Id`',
      'each answer has a unique request id, whatever its status',
      [],
      async (target) => {
        const answers = await Promise.all([
          target.ask('/healthz'),
          target.ask('/v1/key'),
          target.ask('/v1/key', { key: null }),
          target.ask('/v1/key', { method: 'DELETE' }),
          target.ask('/v1/key', { method: 'OPTIONS' }),
          target.ask('/v1/nowhere'),
          target.ask('/v1/executions/%ff'),
          target.ask('/', { method: 'POST' }),
        ]);
        const ids = answers.map(({ headers }) => headers['x-request-id'] ?? '');
        for (const id of ids) assert.match(id, UUID);
        assert.equal(new Set(ids).size, answers.length);
      },
    ),
    requirement(
      'All times are ISO 8601 in UTC.',
      'times are ISO 8601 in UTC, whatever format the upstream uses',
      ['emulator'],
      async (target) => {
        const id = target.newId('times');
        await target.script(id, [
          { messageId: '0', eventType: 'EXECUTION_STARTED', timestamp: 1559247540.656 },
          { messageId: '1', eventType: 'EXECUTION_SUCCEEDED', timestamp: 1559247541 },
        ]);
        const page = await target.json(pageOf(id));
        assert.deepEqual(
          page['messages'].map(({ timestamp }: { timestamp: string }) => timestamp),
          ['2019-05-30T20:19:00.656Z', '2019-05-30T20:19:01.000Z'],
        );
        const summary = await target.json(summaryOf(id));
        for (const member of ['startedAt', 'endedAt']) assert.match(summary[member], ISO_UTC);
      },
    ),
    requirement(
      'Unknown query parameters are ignored. A known one that is given twice, or followed by brackets (`eventTypes[]=`), is a 400.',
      'an unknown query parameter is ignored; a known one that is repeated or has brackets is a 400 that names it',
      ['emulator'],
      async (target) => {
        const id = target.newId('parameters');
        await target.script(id, history(3));
        const plain = await target.json(pageOf(id));
        assert.deepEqual(await target.json(pageOf(id, 'tomorrow=1&tomorrow=2')), plain);
        const problem = await target.problem(
          pageOf(id, 'maxResults=1&maxResults=1'),
          400,
          'InvalidRequestException',
        );
        assert.equal(problem['errors'][0].name, 'maxResults');
        const list = await target.problem(
          pageOf(id, 'eventTypes[]=STEP_FAILED'),
          400,
          'InvalidRequestException',
        );
        assert.equal(list['errors'][0].name, 'eventTypes[]');
      },
    ),
    requirement(
      'GET paths also accept `HEAD`, which never waits.',
      'HEAD has the status and headers of GET, has no body, and never waits',
      ['emulator'],
      async (target) => {
        const id = target.newId('head');
        await target.script(id, history(3));
        const got = await target.ask(pageOf(id));
        const atEnd = pageOf(id, `cursor=${JSON.parse(got.text).cursor}&waitTimeSeconds=50`);
        const waiting = target.json(atEnd);
        const head = await target.ask(atEnd, { method: 'HEAD' });
        assert.deepEqual([head.status, head.text], [200, '']);
        assert(await isPending(waiting));
        const same = await target.ask(pageOf(id), { method: 'HEAD' });
        assert.equal(same.headers['etag'], got.headers['etag']);
        await target.script(id, [{ messageId: '3', eventType: 'STEP_STARTED' }], true);
        assert.deepEqual(idsIn(await waiting), ['3']);
      },
    ),
    requirement(
      'Other methods are a 405 with `Allow`.',
      'an unsupported method is a 405 that lists the supported ones in `Allow`',
      [],
      async (target) => {
        for (const [path, method, allowed] of [
          ['/healthz', 'POST', 'GET'],
          ['/v1/key', 'DELETE', 'GET'],
          ['/v1/executions/x/messages', 'PUT', 'GET'],
          ['/v1/executions/x/tickets', 'GET', 'POST'],
        ] as const) {
          await target.problem(path, 405, 'MethodNotAllowed', { method });
          const { headers } = await target.ask(path, { method });
          assert((headers['allow'] ?? '').split(', ').includes(allowed), `${path}: ${headers['allow']}`);
        }
      },
    ),
    requirement(
      '`{"status":"ok","version":"…"}` if the service is up and configured',
      'the health check needs no key',
      [],
      async (target) => {
        const { status, version } = await target.json('/healthz', { key: null });
        assert.equal(status, 'ok');
        assert.match(String(version), /^\d+\.\d+\.\d+/);
      },
    ),
    requirement(
      'the OpenAPI document, the API reference, this text, the documentation of problems',
      'the OpenAPI document and the documentation need no key, and the type of a problem links to its paragraph in the documentation',
      [],
      async (target) => {
        const key = null;
        assert.match((await target.json('/openapi.json', { key }))['openapi'], /^3\.1/);
        for (const path of ['/docs', '/docs/http-api']) {
          const { status, headers } = await target.ask(path, { key });
          assert.equal(status, 200);
          assert.match(headers['content-type'] ?? '', /^text\/html/);
        }
        const { type } = await target.problem('/v1/key', 401, 'MissingCredentials', { key });
        const { pathname, hash } = new URL(type, target.base);
        const page = await target.ask(pathname, { key });
        assert.equal(page.status, 200);
        assert(page.text.includes(`id="${hash.slice(1)}"`), type);
      },
    ),
    requirement(
      'check the path and the id of the record',
      'an unknown path is a 404 problem, with a key and without',
      [],
      async (target) => {
        for (const key of [null, target.key]) await target.problem('/v1/nowhere', 404, 'NotFound', { key });
      },
    ),
    requirement(
      'The admin API has no CORS.',
      'pages of any origin can call the API with a key and read its headers; no origin can call the admin API',
      [],
      async (target) => {
        const origin = 'https://dashboard.example';
        const preflight = await target.ask('/v1/executions/x/messages', {
          key: null,
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'GET',
            'access-control-request-headers': 'authorization',
          },
        });
        assert.equal(preflight.status, 204);
        const allowed = (preflight.headers['access-control-allow-headers'] ?? '').toLowerCase().split(/,\s*/);
        // Headers that the API reads, or that EventSource polyfills and tracing SDKs add.
        for (const name of [
          'authorization',
          'last-event-id',
          'cache-control',
          'pragma',
          'traceparent',
          'sentry-trace',
        ]) {
          assert(allowed.includes(name), name);
        }
        const answer = await target.ask('/v1/key', { headers: { origin } });
        assert(['*', origin].includes(answer.headers['access-control-allow-origin'] ?? ''));
        assert.match(answer.headers['access-control-expose-headers'] ?? '', /x-request-id/i);
        assert.equal(answer.headers['access-control-allow-credentials'], undefined);
        const admin = await target.ask('/v1/admin/keys', { key: null, headers: { origin } });
        assert.equal(admin.headers['access-control-allow-origin'], undefined);
      },
    ),
  ],
};
