/** No command prints control characters or bidirectional overrides from a service's answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';

import { Output } from '../../src/cli/output.ts';
import { COMMANDS as ALL_COMMANDS, run } from '../../src/cli/run.ts';
import { systemClock } from '../../src/core/clock.ts';
import { listen } from './local-server.ts';

/** Erases the screen with C0 and C1 controls, starts new lines, hides text, and reverses text. */
const HOSTILE = 'a\u001b[2Jb\u009b2Jc\u0085d\r\ne\u2028f\u202eg\u2066h\u200f';

/**
 * Control characters that a command can write to a terminal: line ends, its own colours, and sequences that erase its
 * own lines.
 */
// eslint-disable-next-line no-control-regex
const OWN_SEQUENCES = /\u001b\[[\d;]*m|\r\u001b\[K|\u001b\[\d+F\u001b\[J|\n/g;
const DECEIVING = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

const MESSAGE = {
  messageId: HOSTILE,
  eventType: HOSTILE,
  upstreamType: 'TaskStateEntered',
  timestamp: HOSTILE,
  step: HOSTILE,
  error: HOSTILE,
  payload: HOSTILE,
};
const KEY = {
  id: HOSTILE,
  key: HOSTILE,
  name: HOSTILE,
  owner: HOSTILE,
  status: HOSTILE,
  executions: [HOSTILE],
  payloads: HOSTILE,
  tickets: true,
  tier: HOSTILE,
  limits: { requests: 1, periodSeconds: 1, streamsPerExecution: 1 },
  lastUsedAt: HOSTILE,
  expiresAt: HOSTILE,
  credentials: [{ id: HOSTILE, createdAt: HOSTILE }],
  [HOSTILE]: HOSTILE,
};
const SUMMARY = {
  flowExecutionId: HOSTILE,
  source: HOSTILE,
  status: HOSTILE,
  startedAt: HOSTILE,
  failure: { step: HOSTILE, error: HOSTILE, cause: HOSTILE, cursor: HOSTILE },
  final: true,
};

const TICKET = { ticket: HOSTILE, expiresAt: HOSTILE, streamUrl: `${HOSTILE}/v1/executions/x/messages` };
const LINK = {
  link: `${HOSTILE}/watch#execution=x&ticket=${encodeURIComponent(HOSTILE)}`,
  expiresAt: HOSTILE,
};

const FLOW = { flow: HOSTILE, source: HOSTILE, name: HOSTILE };
const LISTED = {
  flowExecutionId: HOSTILE,
  flow: HOSTILE,
  name: HOSTILE,
  source: HOSTILE,
  status: HOSTILE,
  upstreamStatus: HOSTILE,
  startedAt: HOSTILE,
  durationMs: 1,
  archived: true,
  final: true,
};
const LIST_PAGE = { executions: [LISTED], partial: true, searchedBackTo: HOSTILE };

const FAILED = { ok: false, ms: 1, code: HOSTILE, reason: HOSTILE };
const PROBE = {
  sources: [
    { source: HOSTILE, region: HOSTILE, account: HOSTILE, ...FAILED },
    { source: HOSTILE, region: HOSTILE, ok: true, ms: 1 },
  ],
  skipped: HOSTILE,
  store: FAILED,
};

const problemOf = (status: number) => ({
  type: HOSTILE,
  title: HOSTILE,
  status,
  detail: HOSTILE,
  code: HOSTILE,
  requestId: HOSTILE,
});

/** A live list that ends with a permanent problem, so that clients do not retry. */
const LIVE_LIST = [
  ['execution', LISTED],
  ['caught-up', LIST_PAGE],
  ['problem', problemOf(403)],
]
  .map(([event, data]) => `event: ${String(event)}\ndata: ${JSON.stringify(data)}\n\n`)
  .join('');

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  const json = (body: unknown) =>
    response
      .writeHead(200, { 'Content-Type': 'application/json', 'X-Request-Id': 'x' })
      .end(JSON.stringify(body));
  if (path.startsWith('/healthz')) json({ status: 'ok', version: HOSTILE });
  else if (path.startsWith('/v1/admin/keys?') || path === '/v1/admin/keys') {
    json(request.method === 'POST' ? KEY : { keys: [KEY] });
  } else if (path.startsWith('/v1/admin/keys')) json(KEY);
  else if (path.startsWith('/v1/admin/probe')) json(PROBE);
  else if (path.startsWith('/v1/admin')) {
    request.resume();
    const warnings = [{ code: HOSTILE, line: 1 }];
    json({ status: HOSTILE, messageCount: 1, warnings });
  } else if (path.startsWith('/v1/key')) json(KEY);
  else if (path.startsWith('/v1/flows')) json({ flows: [FLOW] });
  else if (path.startsWith('/v1/executions?')) {
    if (!request.headers.accept?.includes('text/event-stream')) return void json(LIST_PAGE);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(LIVE_LIST);
  } else if (request.headers.accept?.includes('text/event-stream')) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(
      `event: message\nid: 1\ndata: ${JSON.stringify(MESSAGE)}\n\nevent: end\nid: 2\ndata: {"status":"FAILED"}\n\n`,
    );
  } else if (path.endsWith('/tickets')) json(TICKET);
  else if (path.includes('/messages')) json({ messages: [MESSAGE], cursor: 'c', status: 'FAILED' });
  else json(SUMMARY);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const errors = [{ in: 'query', name: HOSTILE, detail: HOSTILE }];
  const problem = problemOf(400);
  // Commands show problems with and without `errors` differently, so the tests cover both.
  const body = request.url?.startsWith('/v1/executions') ? problem : { ...problem, errors };
  response.writeHead(400, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(body));
}

/** Runs a command on a terminal or in a pipe. A pipe can still end at a terminal (`| less -R`). */
async function runOn(
  words: readonly string[],
  url: string,
  isTTY: boolean,
): Promise<{ stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => {
    const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY, columns: 200 });
    stream.on('data', (text) => (written[name] += String(text)));
    return new Output(stream, {});
  };
  const env = {
    FLOWTAP_URL: url,
    FLOWTAP_API_KEY: 'ftk_made_up',
    FLOWTAP_ADMIN_TOKEN: 'an admin token that nobody checks here',
  };
  const [stdout, stderr] = [output('stdout'), output('stderr')];
  const stdin = Readable.from(['{"eventType":"EXECUTION_SUCCEEDED"}\n']);
  const { signal } = new AbortController();
  await run(words, { env, stdin, stdout, stderr, signal, clock: systemClock }, '1.0.0');
  await Promise.all([stdout.flush(), stderr.flush()]);
  return written;
}

const PIPED = /[\n\t]/g;

const COMMANDS = [
  ['flows'],
  ['flows', '--json'],
  ['list'],
  ['list', 'a:b'],
  // The error names similar flows.
  ['list', 'a'],
  ['list', '--json'],
  ['list', '--follow'],
  ['list', '--follow', '--json'],
  ['get', 'x'],
  ['get', 'x', '--json'],
  ['tail', 'x'],
  ['tail', 'x', '--json'],
  ['tail', 'x', '--steps'],
  ['wait', 'x'],
  ['wait', 'x', '--json'],
  ['get', 'x', '--summary'],
  ['get', 'x', '--summary', '--json'],
  ['import', 'x', '-'],
  ['keys', 'list'],
  ['keys', 'list', '--json'],
  ['keys', 'show', 'abcdefgh'],
  ['keys', 'show', 'abcdefgh', '--json'],
  ['keys', 'create', '--name', 'n', '--executions', '*', '--payloads', 'none'],
  ['keys', 'create', '--name', 'n', '--executions', '*', '--payloads', 'none', '--json'],
  ['keys', 'rotate', 'abcdefgh'],
  ['keys', 'rotate', 'abcdefgh', '--json'],
  ['keys', 'revoke', 'abcdefgh'],
  ['keys', 'revoke', 'abcdefgh', '--json'],
  ['link', 'x'],
  ['link', 'x', '--json'],
  ['doctor', 'x'],
  ['doctor', 'x', '--json'],
];

const expected = (words: readonly string[]): object => {
  if (words[0] === 'keys') return KEY;
  if (words[0] === 'link') return LINK;
  if (words[0] === 'flows') return FLOW;
  if (words[0] === 'list') return LISTED;
  return words[0] === 'wait' || words.includes('--summary') ? SUMMARY : MESSAGE;
};

test.each(COMMANDS)('flowtap %s %s %s prints no deceiving characters', async (...words) => {
  const given = words.filter((word) => word !== undefined);
  for (const [listener, isTTY] of [
    [answer, true],
    [answer, false],
    [refuse, true],
    [refuse, false],
  ] as const) {
    await using server = await listen(listener);
    const { stdout, stderr } = await runOn(given, server.origin, isTTY);
    expect(stdout + stderr).not.toBe('');
    expect((stdout + stderr).replaceAll(isTTY ? OWN_SEQUENCES : PIPED, '')).not.toMatch(DECEIVING);
    if (listener === refuse || !given.includes('--json') || given[0] === 'doctor') continue;
    // The JSON is valid and complete.
    for (const line of stdout.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toEqual(expected(given));
    }
  }
});

test('the tests above cover every command', () => {
  expect(new Set(COMMANDS.map(([name]) => name))).toEqual(new Set(Object.keys(ALL_COMMANDS)));
});
