/**
 * The checks of `flowtap doctor` that need the admin token: they check the token, AWS behind the service, and
 * the store.
 */
import type { Http } from '../client/http.ts';
import { FlowtapProblem } from '../client/wire/problem.ts';
import { readBody } from '../client/wire/wire.ts';
import { type Check, fail, ok, warn } from './check.ts';
import type { Terminal } from './command.ts';
import { connectAdmin } from './connect.ts';
import { oneLine } from './plain-text.ts';
import { refused } from './refused.ts';
import { humanDuration } from '../core/human-duration.ts';

/** One source in the answer of `POST /v1/admin/probe` (docs/http-api.md). */
interface SourceProbe {
  readonly source: string;
  readonly region: string;
  readonly account?: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly code?: string;
  readonly reason?: string;
}

interface ListProbe extends SourceProbe {
  /** The AWS action that was tried, such as `states:ListExecutions`. */
  readonly action: string;
}

interface Probe {
  readonly sources: readonly SourceProbe[];
  readonly skipped?: number;
  /** Absent if the service is too old to have lists. */
  readonly lists?: readonly ListProbe[];
  readonly store: { readonly ok: boolean; readonly ms: number; readonly reason?: string };
}

export async function* checkOperation(terminal: Terminal, url: string): AsyncGenerator<Check, void, void> {
  const { signal } = terminal;
  const http = connectAdmin(terminal, url);
  try {
    await http.text({ path: 'v1/admin/keys', query: { limit: 1 }, signal, giveUpAfterMs: 0 });
  } catch (error) {
    yield refused('admin token', error, 'FLOWTAP_ADMIN_TOKEN', terminal);
    return;
  }
  yield ok('admin token', 'valid');
  let probe: Probe;
  try {
    probe = await askForProbe(http, signal);
  } catch (error) {
    yield error instanceof FlowtapProblem && error.code === 'NotFound'
      ? warn(
          'probe',
          'Not checked: this service is too old to probe AWS and its store.',
          'Upgrade the service.',
        )
      : refused('probe', error, 'FLOWTAP_ADMIN_TOKEN', terminal);
    return;
  }
  for (const source of probe.sources) yield checkSource(source, probe.sources);
  if (probe.skipped !== undefined) {
    yield warn(
      'step-functions',
      `Not checked: ${probe.skipped} more entries of SFN_ALLOWED.`,
      'Check an execution of each with `flowtap doctor <id>`.',
    );
  }
  if (probe.lists && probe.lists.length > 0) yield checkLists(probe.lists);
  yield checkStore(probe.store);
}

async function askForProbe(http: Http, signal: AbortSignal): Promise<Probe> {
  const text = await http.text({ method: 'POST', path: 'v1/admin/probe', signal, giveUpAfterMs: 0 });
  return readBody<Probe>(text, { sources: 'array' });
}

function checkStore({ ok: isOk, ms, reason = '' }: Probe['store']): Check {
  if (isOk) return ok('store', `written and read within ${humanDuration(ms)}`);
  return fail(
    'store',
    oneLine(reason),
    "Check the service's store: the binding STORE, or the file STORE_PATH.",
  );
}

/** Never returns a failure, because the service reads executions by their ids even if it cannot list them. */
function checkLists(lists: readonly ListProbe[]): Check {
  const failed = lists.filter((list) => !list.ok);
  const [first] = failed;
  if (!first) return ok('lists', 'executions of Step Functions can be listed');
  const denied = failed.filter(({ code = '', reason = '' }) => isDenied(code) && !isAssumeRole(reason));
  if (denied.length === 0) {
    const { region, account, code = '', reason = '' } = first;
    const detail = `${region}:${account}: ${oneLine(reason === '' ? code : reason)}`;
    return warn('lists', detail, remedyFor(first));
  }
  const actions = [...new Set(denied.map(({ action }) => oneLine(action)))].join(' and ');
  const places = [...new Set(denied.map(({ region, account }) => `${region}:${account}`))].join(', ');
  const detail = `${oneLine(places)}: ${actions} is not allowed: lists have only archived executions there.`;
  return warn(
    'lists',
    detail,
    `Allow ${actions}: docs/operations.md has the policy. If it names single state machines, it must also name ` +
      'stateMachine:flowtap-probe.',
  );
}

const isDenied = (code: string): boolean => code === 'AccessDenied' || code === 'AccessDeniedException';

function checkSource(probe: SourceProbe, all: readonly SourceProbe[]): Check {
  const { source, region, account, ms, code = '', reason = '' } = probe;
  const target = account === undefined ? region : `${region}:${account}`;
  if (probe.ok) return ok(source, `${target} can be read, answered within ${humanDuration(ms)}`);
  const detail = `${target}: ${oneLine(reason === '' ? code : reason)}`;
  const remedy = remedyFor(probe);
  // AWS has discontinued Things Graph, so few users need it. The credentials are valid if Step Functions can
  // be read.
  if (source === 'things-graph' && all.some((other) => other.source === 'step-functions' && other.ok)) {
    return warn(source, detail, `Ignore this if you do not use Things Graph. ${remedy}`);
  }
  const isWarning = code === 'upstream-throttled' || isPolicyTooNarrow(probe);
  return isWarning ? warn(source, detail, remedy) : fail(source, detail, remedy);
}

/**
 * True if AWS might have denied the probe only because the policy names single state machines, as
 * docs/operations.md allows. The service can still read those.
 */
const isPolicyTooNarrow = ({ source, code, reason = '' }: SourceProbe): boolean =>
  source === 'step-functions' && code === 'AccessDeniedException' && !isAssumeRole(reason);

const isAssumeRole = (reason: string): boolean => reason.startsWith('AssumeRole');

const CREDENTIALS = 'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN';

const regionRemedy = (source: string): string =>
  source === 'things-graph' ? 'Check AWS_REGION' : 'Check the region in SFN_ALLOWED';

function remedyFor({ source, code = '', reason = '' }: SourceProbe): string {
  switch (code) {
    case 'SignatureDoesNotMatch':
    case 'InvalidSignatureException':
      if (/valid region/i.test(reason)) return `${regionRemedy(source)}.`;
      return /expired|not yet current/i.test(reason)
        ? "Set the clock of the service's machine."
        : 'The AWS_SECRET_ACCESS_KEY of the service does not belong to its AWS_ACCESS_KEY_ID: set it again.';
    case 'UnrecognizedClientException':
    case 'InvalidClientTokenId':
    case 'IncompleteSignature':
      return `AWS does not know the service's credentials: set ${CREDENTIALS} again.`;
    case 'ExpiredTokenException':
    case 'ExpiredToken':
      return `The service's temporary credentials have expired: set new ones (${CREDENTIALS}).`;
    case 'AccessDenied':
    case 'AccessDeniedException':
      if (isAssumeRole(reason)) {
        return "Check AWS_ROLE_ARN, AWS_EXTERNAL_ID, the role's trust policy, and the user's permission to assume it.";
      }
      return source === 'things-graph'
        ? 'Allow iotthingsgraph:ListFlowExecutionMessages in the policy of the AWS user.'
        : 'Allow states:GetExecutionHistory and states:DescribeExecution. A policy that names single state machines must ' +
            'also name execution:flowtap-probe:*, or else check a real execution with `flowtap doctor <id>`.';
    case 'source-forbidden':
      return 'Check SFN_ALLOWED: it names a region that AWS does not have.';
    case 'upstream-throttled':
      return 'AWS throttles this account, or the call budget is used up. Try again later.';
    case 'upstream-internal':
    case 'upstream-timeout':
      return `${regionRemedy(source)}, and that the service's machine can reach AWS.`;
    default:
      return `Look for ${oneLine(code)} in the documentation of AWS. docs/operations.md lists what the AWS user needs.`;
  }
}
