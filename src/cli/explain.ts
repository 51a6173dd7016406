/** What went wrong, in lines for people, ending in something to do where there is something. */
import { SECRET_CHARACTERS_MIN } from '../core/secret-length.ts';
import { FlowtapConnectionError, FlowtapProblem } from '../client/problem.ts';
import type { Variable } from './connect.ts';
import { oneLine } from './plain-text.ts';

export interface Explanation {
  readonly lines: readonly string[];
  /** It may lie in what `flowtap doctor` looks at. */
  readonly doctorHelps: boolean;
}

/** By the problem's code: what whoever sits at this command line can do. */
const ADVICE: Readonly<Record<string, string>> = {
  RevokedApiKey: 'Put the new key into FLOWTAP_API_KEY.',
  ExpiredApiKey: 'Put the new key into FLOWTAP_API_KEY.',
  AccessDeniedException: '`flowtap doctor <id>` shows what the key may read.',
  ResourceNotFoundException: 'Check the id: it must be whole, and quoted where the shell would split it.',
  UnexpectedAnswer: 'Check FLOWTAP_URL.',
};

/** `credential`: the variable whose value was sent. Undefined for what is a bug: that must show its stack. */
export function explain(error: unknown, credential: Variable): Explanation | undefined {
  if (error instanceof FlowtapConnectionError) return { lines: [oneLine(error.message)], doctorHelps: true };
  if (!(error instanceof FlowtapProblem)) return undefined;
  const { code, status, detail, errors = [], requestId } = error;
  const named = errors.map(({ name, detail: what }) => `  ${oneLine(name)}: ${oneLine(what)}`);
  const advice = ADVICE[code];
  return {
    lines: [
      ...(named.length > 0 ? [`${oneLine(code)} (${status})`, ...named] : [sentence(error, credential)]),
      ...(advice === undefined ? [] : [advice]),
      ...(requestId === undefined || status < 500
        ? []
        : [`The operator finds it in the log under ${oneLine(requestId)}.`]),
    ],
    doctorHelps: status === 401 || code === 'UnexpectedAnswer' || detail === '',
  };
}

/** The service can't know which variable a credential came from, nor what an admin route is asked for. */
function sentence({ code, status, detail }: FlowtapProblem, credential: Variable): string {
  const isAdmin = credential === 'FLOWTAP_ADMIN_TOKEN';
  if (code === 'InvalidApiKey' && isAdmin) {
    return 'FLOWTAP_ADMIN_TOKEN is not the ADMIN_TOKEN that the service was given.';
  }
  if (code === 'InvalidApiKey') return `FLOWTAP_API_KEY is no key of this service. ${oneLine(detail)}`;
  if (code === 'NotFound' && isAdmin && /path/.test(detail)) {
    return `The service has no admin API: it was given no ADMIN_TOKEN of at least ${SECRET_CHARACTERS_MIN} characters.`;
  }
  return `${oneLine(code)} (${status}): ${oneLine(detail)}`;
}
