/**
 * Generates an attacker's requests from known paths, names and values, which it changes and mixes, and from random
 * text. Requests have placeholders such as `{{key:none}}` for secrets, because the secrets do not exist yet when
 * requests are generated. The test fills in the secrets when it sends a request. Placeholders also keep
 * counterexamples readable. Over 300 lines, because it is one grammar.
 */
import fc from 'fast-check';

import { OTHER, OTHER_FLOWS, OWN, OWN_FLOWS } from './tenants.ts';

/** Placeholders for secrets and cursors. */
export const SECRETS = [
  'key:full',
  'key:none',
  'key:nothing',
  'key:revoked',
  'key:expired',
  'key:bent',
  'ticket:full',
  'ticket:none',
  'ticket:bent',
  'ticket:unsigned',
  'cursor:own',
  'cursor:end',
  'cursor:other',
  'cursor:bent',
  'cursor:list',
] as const;
export type SecretName = (typeof SECRETS)[number];

export interface MadeUp {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

const of = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const slot = (name: SecretName) => `{{${name}}}`;
const cursor = of<SecretName>('cursor:own', 'cursor:end', 'cursor:other', 'cursor:bent', 'cursor:list').map(
  slot,
);
const key = fc
  .oneof(
    { weight: 6, arbitrary: of<SecretName>('key:full', 'key:none') },
    { weight: 2, arbitrary: of<SecretName>('key:nothing', 'key:revoked', 'key:expired', 'key:bent') },
  )
  .map(slot);
const ticket = of<SecretName>('ticket:full', 'ticket:none', 'ticket:bent', 'ticket:unsigned').map(slot);
const junk = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  of(
    '',
    '*',
    '%',
    '%00',
    '\u0000',
    '../',
    '..\\',
    'null',
    '__proto__',
    'constructor',
    '\r\nX-Injected: 1',
    '1e999',
  ),
);

/** An id, as it is or changed in a way that a careless comparison or decoding would accept. */
const id = fc.oneof(
  { weight: 4, arbitrary: of(OWN.ended, OWN.running, OTHER.ended, OTHER.running).map(encodeURIComponent) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        of(...Object.values(OWN)),
        of(...Object.values(OTHER)),
        of(
          (own: string, other: string) => `${own}/../${other}`,
          (own: string, other: string) => `${own}%2F..%2F${other}`,
          (own: string, other: string) => `${own}%252F..%252F${other}`,
          (own: string, other: string) => `${own}%00${other}`,
          (own: string, other: string) => `${other}%00${own}`,
          (own: string, other: string) => `${other}%20${own}`,
          (own: string, other: string) => `${own}/messages/${other}`,
          (own: string, other: string) => `${other}/messages?/${own}`,
          (own: string, other: string) => `${other}%23${own}`,
          (_: string, other: string) => other.replace('Admin', '%41dmin'),
          (_: string, other: string) => encodeURIComponent(encodeURIComponent(other)),
          (_: string, other: string) => other.toUpperCase(),
          (_: string, other: string) => other.replace('SecurityFlowAdmin', 'SecurityFlow_*'),
          (own: string) => own.replaceAll(':', '%3a').replaceAll('/', '%2f'),
          (own: string) => `${own}/`,
        ),
      )
      .map(([own, other, bend]) => bend(own, other)),
  },
  { weight: 1, arbitrary: junk },
  { weight: 1, arbitrary: junk.map(encodeURIComponentOrNot) },
  { weight: 1, arbitrary: of('x'.repeat(512), 'x'.repeat(513), 'é'.repeat(600), '', '.', '..', '%2e%2e') },
  { weight: 1, arbitrary: fc.oneof(key, ticket, cursor) },
);

const resource = fc.oneof(
  { weight: 6, arbitrary: of('/messages', '', '/tickets') },
  { weight: 1, arbitrary: of('/messages/', '/Messages', '/tickets/x', '//messages', '/%6dessages') },
);
const prefix = fc.oneof(
  { weight: 12, arbitrary: of('/v1/executions/') },
  {
    weight: 1,
    arbitrary: of('/v1/%65xecutions/', '/v1//executions/', '//v1/executions/', '/V1/executions/'),
  },
  { weight: 2, arbitrary: of('/v1/admin/executions/', '/v1/admin/keys/', '/v1/%61dmin/keys/') },
);
const fixedPath = of(
  '/v1/flows',
  '/v1/flows/',
  '/v1/key',
  '/v1/key/',
  '/healthz',
  '/v1/executions',
  '/v1/admin/keys',
  '/v1/admin/executions',
  '/v1/admin/probe',
  '/v1/admin/keys/rotate',
  '/v1/admin',
  '/openapi.json',
  '/',
);
const path = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(prefix, id, resource).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: fixedPath },
  { weight: 1, arbitrary: junk.map((text) => `/${text}`) },
);

const flow = of(
  ...Object.values(OWN_FLOWS),
  ...Object.values(OTHER_FLOWS),
  OWN.ended,
  `${OWN_FLOWS.workflow}/../SecurityFlowAdmin`,
  `${OWN_FLOWS.workflow}%00`,
  `${OWN_FLOWS.workflow}*`,
  '*',
  'arn:aws:states:::stateMachine:',
);
const listParameter = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(of('flow', 'flow', 'flow[]'), fc.oneof(flow, flow, junk, key)) },
  { weight: 2, arbitrary: fc.tuple(of('source'), of('things-graph', 'things-graph', 'step-functions', '')) },
  fc.tuple(of('status'), fc.oneof(of('RUNNING', 'FAILED,SUCCEEDED', 'FAILED,', 'ANY'), junk)),
  fc.tuple(
    of('startedAfter', 'startedBefore'),
    fc.oneof(of('2026-01-01', '0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59', '1e3'), junk),
  ),
  fc.tuple(of('namePrefix'), fc.oneof(of('mine', 'theirs', '2019'), junk)),
  fc.tuple(of('maxResults'), of('1', '250', '0')),
  fc.tuple(of('cursor', 'nextToken'), fc.oneof(cursor, cursor, junk)),
  fc.tuple(of('ticket'), ticket),
);

const parameter = fc.oneof(
  fc.tuple(of('cursor', 'nextToken'), fc.oneof(cursor, cursor, junk, key)),
  fc.tuple(
    of('maxResults', 'last', 'waitTimeSeconds', 'limit'),
    fc.oneof(of('1', '2', '250', '0', '-1'), junk),
  ),
  fc.tuple(of('eventTypes', 'from', 'status'), fc.oneof(of('STEP_FAILED', 'now', 'start', 'FAILED'), junk)),
  fc.tuple(of('ticket'), fc.oneof(ticket, ticket, ticket, junk)),
  fc.tuple(
    of('api_key', 'token', 'Ticket', 'ticket[]', 'ticket ', 'flowExecutionId'),
    fc.oneof(key, ticket, junk),
  ),
  fc.tuple(junk, fc.oneof(junk, key, ticket)),
);

const MEDIA = [
  'text/event-stream',
  'application/json',
  '*/*',
  'text/event-stream;q=0',
  'TEXT/EVENT-STREAM;q=0.1',
];
const header = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(of('Accept'), fc.oneof(of(...MEDIA), junk)) },
  { weight: 2, arbitrary: fc.tuple(of('Last-Event-ID'), fc.oneof(cursor, cursor, junk)) },
  { weight: 1, arbitrary: fc.tuple(of('If-None-Match'), fc.oneof(of('*', 'W/"x"', '"'), junk)) },
  {
    weight: 1,
    arbitrary: fc.tuple(of('Content-Type'), fc.oneof(of('application/json', 'text/plain'), junk)),
  },
  { weight: 1, arbitrary: fc.tuple(of('Origin'), fc.oneof(of('https://evil.example', 'null'), junk)) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      of(
        'X-Forwarded-For',
        'CF-Connecting-IP',
        'X-Request-Id',
        'Forwarded',
        'X-HTTP-Method-Override',
        'X-Original-URL',
      ),
      fc.oneof(of('127.0.0.1', 'DELETE', '/v1/admin/keys'), junk),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(of('X-API-Key', 'Authorization'), fc.oneof(key, ticket, junk)) },
  { weight: 1, arbitrary: fc.tuple(of('X-Amz-Security-Token', 'X-Amz-Target'), fc.oneof(key, junk)) },
);

/** Most requests have one credential. Otherwise nearly all would end at authentication. */
const credential = fc.oneof(
  { weight: 8, arbitrary: key.map((text) => [['Authorization', `Bearer ${text}`]] as const) },
  { weight: 2, arbitrary: key.map((text) => [['X-API-Key', text]] as const) },
  { weight: 3, arbitrary: of([] as const) },
);

const member = fc.oneof(
  fc.tuple(
    of('ttlSeconds', 'overlapSeconds', 'maxResults', 'streamLimit'),
    of<unknown>(1, 250, 0, -1, 1.5, '1', null),
  ),
  fc.tuple(of('payloads'), of<unknown>('full', 'none', '', 1)),
  fc.tuple(
    of('flowExecutionId'),
    fc.oneof(of<unknown>(...Object.values(OWN), ...Object.values(OTHER), null, 7), key, junk),
  ),
  fc.tuple(of('nextToken', 'cursor'), fc.oneof(cursor, junk)),
  fc.tuple(of('name', 'executions', 'tickets', 'tier', 'expiresAt', 'owner'), fc.jsonValue({ maxDepth: 1 })),
  fc.tuple(fc.oneof(junk, key), fc.jsonValue({ maxDepth: 1 })),
);
const object = fc
  .array(member, { maxLength: 4 })
  .map((members) => JSON.stringify(Object.fromEntries(members)));
const body = fc.oneof(
  { weight: 6, arbitrary: object },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
  { weight: 1, arbitrary: junk },
  {
    weight: 1,
    arbitrary: of(
      '['.repeat(20_000),
      `{"x":"${'y'.repeat(70_000)}"}`,
      '{"__proto__":{"payloads":"full"}}',
      '﻿{}',
    ),
  },
);

const method = fc.oneof(
  { weight: 10, arbitrary: of('GET') },
  { weight: 3, arbitrary: of('POST') },
  { weight: 1, arbitrary: of('HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'get', 'toString') },
);

const web: fc.Arbitrary<MadeUp> = fc
  .record({
    method,
    path,
    query: fc.array(parameter, { maxLength: 3 }),
    credential,
    more: fc.array(header, { maxLength: 3 }),
    body: fc.option(body, { nil: undefined }),
  })
  .map(({ credential: let_in, more, ...rest }) => ({ ...rest, headers: [...let_in, ...more] }));

const lists: fc.Arbitrary<MadeUp> = fc
  .record({
    path: of('/v1/executions', '/v1/executions', '/v1/flows'),
    query: fc.array(listParameter, { maxLength: 4 }),
    credential,
    more: fc.array(header, { maxLength: 2 }),
  })
  .map(({ credential: let_in, more, ...rest }) => ({
    ...rest,
    method: 'GET',
    body: undefined,
    headers: [...let_in, ...more],
  }));

const TARGET = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';
const aws: fc.Arbitrary<MadeUp> = fc
  .record({
    method: of('POST'),
    path: of('/', '/', '/', '/v1'),
    query: fc.array(parameter, { maxLength: 1 }),
    target: fc.oneof({ weight: 9, arbitrary: of(TARGET) }, { weight: 1, arbitrary: junk }),
    token: fc.oneof({ weight: 9, arbitrary: key }, { weight: 1, arbitrary: fc.oneof(ticket, junk) }),
    more: fc.array(header, { maxLength: 1 }),
    body,
  })
  .map(({ target, token, more, ...rest }) => ({
    ...rest,
    headers: [['X-Amz-Target', target] as const, ['X-Amz-Security-Token', token] as const, ...more],
  }));

const ticketMember = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(of('ttlSeconds'), of<unknown>(1, 600, 3600, 3601, 0, -1, 1.5, '1', null)),
  },
  { weight: 4, arbitrary: fc.tuple(of('payloads'), of<unknown>('full', 'none', 'FULL', null)) },
  { weight: 1, arbitrary: member },
);
const tickets: fc.Arbitrary<MadeUp> = fc
  .record({
    method: of('POST'),
    path: id.map((text) => `/v1/executions/${text}/tickets`),
    query: fc.array(parameter, { maxLength: 1 }),
    credential,
    body: fc
      .array(ticketMember, { maxLength: 2 })
      .map((members) => JSON.stringify(Object.fromEntries(members))),
  })
  .map(({ credential: let_in, ...rest }) => ({
    ...rest,
    headers: [...let_in, ['Content-Type', 'application/json'] as const],
  }));

export const madeUp: fc.Arbitrary<MadeUp> = fc.oneof(
  { weight: 8, arbitrary: web },
  { weight: 2, arbitrary: lists },
  { weight: 1, arbitrary: tickets },
  { weight: 2, arbitrary: aws },
);

/** Requests with the admin token. */
export const madeUpByAdmin: fc.Arbitrary<MadeUp> = fc.record({
  method: of('GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'),
  path: fc.oneof(
    of('/v1/admin/keys', '/v1/admin/executions'),
    fc
      .tuple(
        of('/v1/admin/keys/', '/v1/admin/executions/'),
        fc.oneof(of('{{id:key}}'), of('{{id:key}}'), id),
        of('', '/rotate', '/revoke', '/messages', '/tickets'),
      )
      .map((parts) => parts.join('')),
  ),
  query: fc.array(parameter, { maxLength: 2 }),
  headers: fc
    .array(header, { maxLength: 1 })
    .map((more) => [
      ['Authorization', '{{admin}}'] as const,
      ...more.filter(([name]) => name !== 'Authorization'),
    ]),
  body: fc.option(body, { nil: undefined }),
});

function encodeURIComponentOrNot(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}
