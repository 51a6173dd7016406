/**
 * Runs the checks of `flowtap doctor`, in order. Stops at a failure that makes the remaining checks
 * pointless.
 */
import { type FlowtapClient, type KeyFacts, createFlowtapClient } from '../client/client.ts';
import { createHttp } from '../client/create-http.ts';
import { type NetworkFaultKind, networkFault } from '../client/network-fault.ts';
import { FlowtapConnectionError, FlowtapProblem, parseObject } from '../client/wire/problem.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { type Terminal, UsageError } from './command.ts';
import { addressOf, variable } from './connect.ts';
import { oneLine } from './plain-text.ts';
import { checkOperation } from './operator-checks.ts';
import { type ProxySetting, proxyRemedy, proxySetting } from './proxy.ts';
import { refused } from './refused.ts';
import { humanDuration } from '../core/human-duration.ts';
import { summaryLines } from './summary-lines.ts';

/**
 * The allowed difference between this machine's clock and the service's. If it is larger, times in logs
 * cannot be compared, and tickets and keys seem to expire early or late.
 */
const SKEW_MS_MAX = 30_000;
const ANSWER_MS_MAX = 15_000;
const DAY_MS = 24 * 3_600_000;
/** A key that expires within this time gets a warning, early enough to get a new key. */
const EXPIRY_WARNING_MS = 14 * DAY_MS;

export async function* doctorChecks(
  terminal: Terminal,
  url: string | undefined,
  id: string | undefined,
): AsyncGenerator<Check, void, void> {
  let address: string;
  try {
    address = addressOf(terminal, url);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    yield fail('address', error.message, 'Set FLOWTAP_URL to the address that the operator gave you.');
    return;
  }
  yield checkAddress(new URL(address));
  let isUp = true;
  for await (const check of checkService(terminal, address)) {
    if (check.level === 'fail' && check.name === 'service') isUp = false;
    yield check;
  }
  if (!isUp) return;
  yield* checkKey(terminal, address, id);
  if (isOperator(terminal)) yield* checkOperation(terminal, address);
}

/** Whether the user is an operator. Only operators have the admin token. */
const isOperator = (terminal: Terminal): boolean => variable(terminal, 'FLOWTAP_ADMIN_TOKEN') !== undefined;

function checkAddress({ protocol, hostname, href }: URL): Check {
  const isLocal = /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  if (protocol === 'https:' || isLocal) return ok('address', href);
  return fail('address', `${href} sends keys in the clear.`, 'Use https://.');
}

async function* checkService(terminal: Terminal, address: string): AsyncGenerator<Check, void, void> {
  const { clock, signal, env } = terminal;
  const http = createHttp({ url: address, clock, giveUpAfterMs: 0 });
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]);
  const askedAtMs = clock.now();
  let response: Response;
  let text: string;
  try {
    response = await http.open({ path: 'healthz' }, timeout);
    text = await response.text();
  } catch (error) {
    signal.throwIfAborted();
    yield unreachable(error, new URL(address), proxySetting(new URL(address), env));
    return;
  }
  const tookMs = clock.now() - askedAtMs;
  if (parseObject(text)?.['status'] !== 'ok') {
    yield fail(
      'service',
      `${address} answers ${response.status}, but not as Flowtap does.`,
      'Check FLOWTAP_URL.',
    );
    return;
  }
  yield ok('service', `healthy, answered within ${humanDuration(tookMs)}`);
  yield checkClock(response.headers.get('Date'), askedAtMs + tookMs / 2, SKEW_MS_MAX + tookMs);
}

const NETWORK_REMEDIES: Readonly<Record<NetworkFaultKind, string>> = {
  'host-not-found': 'Check the host in FLOWTAP_URL.',
  'connection-refused': 'Check host and port in FLOWTAP_URL. Is the service running?',
  'not-tls': 'Use http:// in FLOWTAP_URL, or the port that serves https.',
  'not-http': 'Use https:// in FLOWTAP_URL.',
  'untrusted-certificate':
    'If a private authority has issued it, set NODE_EXTRA_CA_CERTS to the file with its certificate. Else tell the operator.',
  unknown: 'Check FLOWTAP_URL. Is the service running, and is a firewall or proxy in between?',
};

/**
 * Explains why there was no healthy response. The most frequent cause is a proxy that is configured but not
 * used. So if a proxy is configured, the remedy is about the proxy.
 */
function unreachable(error: unknown, { origin }: URL, proxy: ProxySetting | undefined): Check {
  const name = 'service';
  if (error instanceof FlowtapProblem) {
    const { code, detail, status } = error;
    if (code === 'NotConfigured') {
      const where =
        'Its log names the settings that are missing or wrong; docs/operations.md lists them all.';
      return fail(name, 'It answers, but is not configured.', where);
    }
    if (code === 'Redirected') return fail(name, oneLine(detail), 'Change FLOWTAP_URL (or --url).');
    const remedy = proxy ? proxyRemedy(proxy) : 'Check FLOWTAP_URL.';
    return fail(name, `${origin} answers ${status}, but not as Flowtap does.`, remedy);
  }
  const isConnection = error instanceof FlowtapConnectionError;
  const fault = networkFault(isConnection ? error.cause : error);
  const isTimeout = error instanceof Error && error.name === 'TimeoutError';
  const why = isTimeout ? `timed out after ${ANSWER_MS_MAX / 1000} s` : oneLine(fault.text);
  return fail(
    name,
    `No answer from ${origin}: ${why}.`,
    proxy ? proxyRemedy(proxy) : NETWORK_REMEDIES[isTimeout ? 'unknown' : fault.kind],
  );
}

function checkClock(date: string | null, hereMs: number, skewMsMax: number): Check {
  const headerMs = Date.parse(date ?? '');
  if (Number.isNaN(headerMs)) {
    const remedy = 'Compare `date -u` on both machines if tickets or keys seem to expire at the wrong time.';
    return warn('clock', 'Not checked: the service sent no Date header.', remedy);
  }
  // The header has whole seconds, so take the middle of that second.
  const thereMs = headerMs + 500;
  const skewMs = hereMs - thereMs;
  if (Math.abs(skewMs) <= skewMsMax) return ok('clock', "agrees with the service's");
  const [here, there] = [hereMs, thereMs].map((ms) => new Date(ms).toISOString().slice(0, 19));
  return fail(
    'clock',
    `This machine's clock is ${humanDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the service's: ` +
      `${here}Z here, ${there}Z there.`,
    'Find out which one is wrong. Set this one by NTP, or tell the operator.',
  );
}

async function* checkKey(
  terminal: Terminal,
  url: string,
  id: string | undefined,
): AsyncGenerator<Check, void, void> {
  const { clock, signal } = terminal;
  const apiKey = variable(terminal, 'FLOWTAP_API_KEY');
  if (apiKey === undefined) {
    yield isOperator(terminal)
      ? warn('API key', 'FLOWTAP_API_KEY is not set.', 'Create a key with `flowtap keys create`.')
      : fail('API key', 'FLOWTAP_API_KEY is not set.', 'Ask the operator of the service for a key.');
    return;
  }
  const client = createFlowtapClient({ url, apiKey, clock, giveUpAfterMs: 0 });
  let key: KeyFacts;
  try {
    key = await client.key({ ...(id !== undefined && { flowExecutionId: id }), signal });
  } catch (error) {
    yield refused('API key', error, 'FLOWTAP_API_KEY', terminal);
    return;
  }
  yield describeKey(key, terminal);
  if (id !== undefined) yield await checkExecution(client, key, id, terminal);
}

function describeKey({ id, name, executions, payloads, expiresAt }: KeyFacts, terminal: Terminal): Check {
  const called = `${id} (${oneLine(name)})`;
  const operator = isOperator(terminal);
  if (executions.length === 0) {
    const remedy = operator
      ? 'Create one with --executions.'
      : 'Ask the operator for a key that may read some.';
    return fail('API key', `${called} may not read any execution.`, remedy);
  }
  const sees = { full: '', names: ', names of steps and errors but no payloads', none: ', without payloads' }[
    payloads
  ];
  const reads = `${called} reads ${executions.map(oneLine).join(', ')}${sees}`;
  const leftMs = Date.parse(expiresAt ?? '') - terminal.clock.now();
  if (!(leftMs < EXPIRY_WARNING_MS)) return ok('API key', reads);
  const left = leftMs < DAY_MS ? humanDuration(leftMs) : `${Math.floor(leftMs / DAY_MS)} days`;
  return warn(
    'API key',
    `${reads}. It expires in ${left}, at ${expiresAt}.`,
    operator ? 'Create a new key, or change its expiresAt.' : 'Ask the operator for a new key in time.',
  );
}

async function checkExecution(
  client: FlowtapClient,
  { allowed }: KeyFacts,
  id: string,
  terminal: Terminal,
): Promise<Check> {
  if (allowed !== true) {
    const remedy = isOperator(terminal)
      ? 'Create a key with a pattern that matches the whole id.'
      : 'Check the id, or ask the operator for a key whose pattern matches the whole id.';
    return fail('execution', 'The key may not read it.', remedy);
  }
  try {
    const summary = await client.summary(id, { signal: terminal.signal });
    return ok('execution', summaryLines(summary, terminal.stdout)[0] ?? '');
  } catch (error) {
    return refused('execution', error, 'FLOWTAP_API_KEY', terminal);
  }
}
