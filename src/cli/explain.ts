/** Turns an error of the client into lines for people: what is wrong, then what to do. */
import { API_KEY_FORM } from '../core/api-key-format.ts';
import { SECRET_CHARACTERS_MIN } from '../core/secret-length.ts';
import { FlowtapConnectionError, FlowtapProblem } from '../client/wire/problem.ts';
import type { Variable } from './connect.ts';
import { oneLine } from './plain-text.ts';

export interface Explanation {
  readonly lines: readonly string[];
  readonly remedies: readonly string[];
  /** True if `flowtap doctor` may be able to find the cause. */
  readonly doctorHelps: boolean;
}

/** What the user of this command line can do, by the problem's code. */
const REMEDIES: Readonly<Record<string, string>> = {
  RevokedApiKey: 'Put the new key into FLOWTAP_API_KEY.',
  ExpiredApiKey: 'Put the new key into FLOWTAP_API_KEY.',
  AccessDeniedException: '`flowtap doctor <id>` shows what the key may read.',
  ResourceNotFoundException: 'Check that the id is complete, and quoted where the shell would split it.',
  UnexpectedAnswer: 'Check FLOWTAP_URL (or --url).',
  Redirected: 'Change FLOWTAP_URL (or --url).',
};

const INVALID_CREDENTIAL_REMEDIES: Readonly<Partial<Record<Variable, string>>> = {
  FLOWTAP_API_KEY: `Check that it is complete (${API_KEY_FORM}), and meant for this service.`,
  FLOWTAP_ADMIN_TOKEN: 'Set it to that, or unset it.',
};

/**
 * Replacements for the service's sentences that refer to the operator, because the user of this command might
 * be the operator.
 */
const SENTENCES: Readonly<Record<string, string>> = {
  BadUpstream: 'The upstream service (AWS) gave an answer that cannot be used.',
  InternalError: 'The service failed unexpectedly.',
  NotConfigured: 'The service is not configured.',
};

/**
 * `credential` is the variable whose value was sent. Returns undefined for a bug, whose stack must be shown.
 */
export function explain(error: unknown, credential: Variable): Explanation | undefined {
  if (error instanceof FlowtapConnectionError) {
    return { lines: [oneLine(error.message)], remedies: [], doctorHelps: true };
  }
  if (!(error instanceof FlowtapProblem)) return undefined;
  const { code, status, detail, errors = [], requestId } = error;
  const named = errors.map(({ name, detail: what }) => `  ${oneLine(name)}: ${oneLine(what)}`);
  const remedy = code === 'InvalidApiKey' ? INVALID_CREDENTIAL_REMEDIES[credential] : REMEDIES[code];
  return {
    lines: named.length > 0 ? [`${oneLine(code)} (${status})`, ...named] : [sentence(error, credential)],
    remedies: [
      ...(remedy === undefined ? [] : [remedy]),
      ...(requestId === undefined || status < 500
        ? []
        : [`The service's log has more under the request id ${oneLine(requestId)}.`]),
    ],
    doctorHelps: status === 401 || code === 'UnexpectedAnswer' || detail === '',
  };
}

/**
 * Describes a problem to the user of this command. The service does not know which variable the credential
 * came from, or that a missing path means that there is no admin API.
 */
function sentence({ code, status, detail }: FlowtapProblem, credential: Variable): string {
  const isAdmin = credential === 'FLOWTAP_ADMIN_TOKEN';
  if (code === 'InvalidApiKey' && isAdmin) {
    return 'FLOWTAP_ADMIN_TOKEN is not the ADMIN_TOKEN of this service.';
  }
  if (code === 'InvalidApiKey') return 'FLOWTAP_API_KEY is not a key of this service.';
  if (code === 'NotFound' && isAdmin && /path/.test(detail)) {
    return `The service has no admin API: its ADMIN_TOKEN is not set, or shorter than ${SECRET_CHARACTERS_MIN} characters.`;
  }
  if (code === 'Redirected') return oneLine(detail);
  return `${oneLine(code)} (${status}): ${SENTENCES[code] ?? oneLine(detail)}`;
}
