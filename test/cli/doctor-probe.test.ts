/**
 * How `flowtap doctor` presents each result of the AWS probe. The tests run a server that returns the result.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { problemOf } from '../../src/http/problem-response.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';
import { type CommandUnderTest, commandAlone } from './command-under-test.ts';
import { HEALTHY, examineBy } from './examined.ts';
import { listen } from './local-server.ts';

let flowtap: CommandUnderTest;
beforeAll(async () => {
  flowtap = await commandAlone();
});
afterAll(() => flowtap.stop());

const stepFunctions = { source: 'step-functions', region: 'us-west-2', account: '123456789012', ms: 1 };
const thingsGraph = { source: 'things-graph', region: 'us-west-2', ms: 1 };
test.concurrent.each([
  [
    'a denied probe of Step Functions is only a warning, because the policy might allow only some state machines',
    { ...stepFunctions, code: 'AccessDeniedException', reason: 'GetExecutionHistory: HTTP 400' },
    { level: 'warn', remedy: 'flowtap-probe' },
  ],
  [
    'a role that cannot be assumed is a failure',
    { ...stepFunctions, code: 'AccessDenied', reason: 'AssumeRole: HTTP 403' },
    { level: 'fail', remedy: 'AWS_ROLE_ARN' },
  ],
  [
    'a denied call to Things Graph is a failure',
    { ...thingsGraph, code: 'AccessDeniedException', reason: 'ListFlowExecutionMessages: HTTP 400' },
    { level: 'fail', remedy: 'iotthingsgraph:ListFlowExecutionMessages' },
  ],
  [
    'expired temporary credentials are a failure',
    { ...stepFunctions, code: 'ExpiredTokenException', reason: 'The token has expired' },
    { level: 'fail', remedy: 'AWS_SESSION_TOKEN' },
  ],
  [
    "a wrong clock on the service's machine is a failure",
    { ...stepFunctions, code: 'InvalidSignatureException', reason: 'Signature expired: 2026' },
    { level: 'fail', remedy: "the service's machine" },
  ],
  [
    'a region that does not answer is a failure',
    { ...thingsGraph, code: 'upstream-internal', reason: 'connection failed' },
    { level: 'fail', remedy: 'AWS_REGION' },
  ],
  [
    'throttling is only a warning, because the settings are right',
    { ...stepFunctions, code: 'upstream-throttled', reason: 'no slot' },
    { level: 'warn', remedy: 'later' },
  ],
])('%s', async (_what, source, { level, remedy }) => {
  const found = await examinedProbe({ sources: [{ ...source, ok: false }], store: { ok: true, ms: 1 } });
  expect(found.named(source.source)).toMatchObject({
    level,
    detail: expect.stringContaining(source.reason),
    remedy: expect.stringContaining(remedy),
  });
});

test.concurrent('an unreachable Things Graph is only a warning if Step Functions can be read', async () => {
  const gone = { ...thingsGraph, ok: false, code: 'upstream-internal', reason: 'connection failed' };
  const found = await examinedProbe({
    sources: [gone, { ...stepFunctions, ok: true }],
    store: { ok: true, ms: 1 },
  });
  expect(found.named('things-graph')).toMatchObject({ level: 'warn' });
});

const list = { ...stepFunctions, action: 'states:ListExecutions' };
test.concurrent.each([
  ['allowed lists are ok', [{ ...list, ok: true }], { level: 'ok' }],
  [
    'a missing permission for lists is only a warning',
    [
      { ...list, action: 'states:ListStateMachines', ok: true },
      { ...list, ok: false, code: 'AccessDeniedException', reason: 'ListExecutions: HTTP 400' },
    ],
    {
      level: 'warn',
      detail: expect.stringContaining('us-west-2:123456789012: states:ListExecutions is not allowed'),
      remedy: expect.stringContaining('Allow states:ListExecutions'),
    },
  ],
  [
    'a role that cannot be assumed for lists is a warning',
    [{ ...list, ok: false, code: 'AccessDenied', reason: 'AssumeRole: HTTP 403' }],
    { level: 'warn', remedy: expect.stringContaining('AWS_ROLE_ARN') },
  ],
])('%s', async (_what, lists, expected) => {
  const sources = [{ ...stepFunctions, ok: true }];
  const found = await examinedProbe({ sources, lists, store: { ok: true, ms: 1 } });
  expect(found.named('lists')).toMatchObject(expected);
});

test.concurrent('a failing store is a failure, and entries that were not probed are a warning', async () => {
  const found = await examinedProbe({
    sources: [],
    skipped: 3,
    store: { ok: false, ms: 1, reason: 'disk full' },
  });
  expect(found.named('store')).toMatchObject({ level: 'fail', detail: 'disk full' });
  expect(found.named('step-functions')).toMatchObject({
    level: 'warn',
    detail: expect.stringContaining('3'),
  });
});

test.concurrent('a service that is too old to have a probe is a warning', async () => {
  const found = await examinedProbe(undefined);
  expect(found.named('probe')).toMatchObject({ level: 'warn', remedy: expect.stringContaining('Upgrade') });
});

/** Runs doctor against a service whose probe answers with this report, or with a 404 if undefined. */
async function examinedProbe(report: object | undefined) {
  await using server = await listen((request, response) => {
    if (request.url === '/healthz') response.end(HEALTHY);
    else if (request.url?.startsWith('/v1/admin/keys')) response.end('{"keys":[]}');
    else if (request.url === '/v1/admin/probe' && request.method === 'POST' && report) {
      response.end(JSON.stringify(report));
    } else response.writeHead(404).end(JSON.stringify(problemOf({ type: 'no-such-route' })));
  });
  // Awaits here, because the server stops at the end of this block.
  return await examineBy(flowtap, { FLOWTAP_URL: server.origin, FLOWTAP_ADMIN_TOKEN: ADMIN_TOKEN });
}
