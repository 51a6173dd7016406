/**
 * Parses the Authorization header of a Signature Version 4 request, and checks its date and scope. signature.ts
 * checks the signature.
 *
 * Source: "AWS Signature Version 4 for API requests" (IAM User Guide). The error texts and their order are
 * those of real services. They are known from public error reports, and from the connection tests of the
 * kinesalite emulator, which were run against AWS.
 */
import { awsError, type AwsResult } from './aws-answer.ts';

/** The same tolerance as AWS's, in both directions. */
export const CLOCK_SKEW_MS_MAX = 5 * 60_000;

/** Formats a time in ISO 8601's basic format, as in X-Amz-Date. */
const basicDate = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace(/\.\d{3}/, '')
    .replaceAll(/[-:]/g, '');

function msOfBasicDate(date: string): number {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export interface Authorization {
  readonly accessKeyId: string;
  readonly scope: readonly [day: string, region: string, service: string, terminator: string];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

export function parseAuthorization(header: string, date: string | null): AwsResult<Authorization> {
  const parameters = new Map<string, string>();
  for (const part of header.replace(/^\S+\s*/, '').split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !parameters.get(name))
    .map((name) => `Authorization header requires '${name}' parameter. `);
  if (date === null) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
  }
  if (missing.length > 0 || !header.startsWith('AWS4-HMAC-SHA256 ')) {
    return awsError('IncompleteSignatureException', `${missing.join('')}Authorization=${header}`);
  }
  const credential = parameters.get('Credential') ?? '';
  const [accessKeyId = '', day = '', region = '', service = '', terminator = '', ...more] =
    credential.split('/');
  if (terminator === '' || more.length > 0) {
    return awsError(
      'IncompleteSignatureException',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    );
  }
  return {
    ok: true,
    value: {
      accessKeyId,
      scope: [day, region, service, terminator],
      signedHeaders: (parameters.get('SignedHeaders') ?? '').split(';'),
      signature: parameters.get('Signature') ?? '',
    },
  };
}

export function checkDate(date: string, nowMs: number): AwsResult<undefined> {
  const dateMs = msOfBasicDate(date);
  if (Number.isNaN(dateMs)) {
    return awsError(
      'IncompleteSignatureException',
      `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  const now = basicDate(nowMs);
  const [earliest, latest] = [nowMs - CLOCK_SKEW_MS_MAX, nowMs + CLOCK_SKEW_MS_MAX];
  if (dateMs < earliest) {
    return awsError(
      'InvalidSignatureException',
      `Signature expired: ${date} is now earlier than ${basicDate(earliest)} (${now} - 5 min.)`,
    );
  }
  if (dateMs > latest) {
    return awsError(
      'InvalidSignatureException',
      `Signature not yet current: ${date} is still later than ${basicDate(latest)} (${now} + 5 min.)`,
    );
  }
  return { ok: true, value: undefined };
}

export function checkScope(
  [day, region, service, terminator]: Authorization['scope'],
  date: string,
  rules: { readonly service: string; readonly regions: readonly string[] },
): AwsResult<undefined> {
  const wrong: string[] = [];
  if (!rules.regions.includes(region)) {
    wrong.push(`Credential should be scoped to a valid region, not '${region}'. `);
  }
  if (service !== rules.service)
    wrong.push(`Credential should be scoped to correct service: '${rules.service}'. `);
  if (terminator !== 'aws4_request') {
    wrong.push(`Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'. `);
  }
  if (day !== date.slice(0, 8)) {
    wrong.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${date.slice(0, 8)}', from '${date}'. `,
    );
  }
  return wrong.length === 0
    ? { ok: true, value: undefined }
    : awsError('InvalidSignatureException', wrong.join('').trimEnd());
}
