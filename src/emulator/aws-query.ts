/**
 * AWS's query protocol, with the only operation of it that Flowtap needs: AssumeRole of STS. Requests are
 * forms, and answers are XML. Signatures are checked as for other services. Injected faults do not apply to
 * STS.
 *
 * Source: botocore's model sts/2011-06-15 and the examples of the API reference.
 */
import type { AwsServices } from './aws-json.ts';
import { readBody } from './bounded-body.ts';
import type { CallStatistics } from './call-statistics.ts';
import type { RoleSession, RoleSessions } from './role-sessions.ts';
import { verifySignature } from './signature.ts';

const CONTENT_TYPE = 'application/x-www-form-urlencoded';
const REQUEST_BYTES_MAX = 64 * 1024;
const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const VERSION = '2011-06-15';
const DURATION_SECONDS_DEFAULT = 3_600;

/** The regions for which requests to STS can be signed, by default. */
const REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-2'];

export interface QueryService {
  readonly services: AwsServices;
  readonly sessions: RoleSessions;
  readonly statistics: CallStatistics;
  readonly regions?: readonly string[];
}

export const isQuery = (request: Request): boolean =>
  request.method === 'POST' &&
  (request.headers.get('content-type') ?? '').split(';')[0]?.trim() === CONTENT_TYPE;

export async function answerQuery(request: Request, service: QueryService): Promise<Response> {
  const { services, sessions, statistics, regions = REGIONS } = service;
  const refuse = (code: string, message: string, status = 400): Response => {
    statistics.refused(code);
    return errorAnswer(code, message, status);
  };
  const body = await readBody(request, REQUEST_BYTES_MAX);
  if (body === undefined) return new Response(null, { status: 413 });
  const form = new URLSearchParams(new TextDecoder().decode(body));
  if (form.get('Action') !== 'AssumeRole' || form.get('Version') !== VERSION) {
    const asked = `${form.get('Action')} for version ${form.get('Version')}`;
    return refuse('InvalidAction', `Could not find operation ${asked}`);
  }
  const nowMs = services.nowMs();
  const { credentials } = services;
  const verified = await verifySignature(request, body, { nowMs, service: 'sts', regions, credentials });
  if (!verified.ok) {
    // In this protocol, the same errors have other names than in the JSON protocols.
    const name = verified.error.name.replace(/Exception$/, '');
    return refuse(
      name === 'UnrecognizedClient'
        ? 'InvalidClientTokenId'
        : name === 'InvalidSignature'
          ? 'SignatureDoesNotMatch'
          : name,
      verified.error.message ?? '',
      403,
    );
  }
  const roleArn = form.get('RoleArn') ?? '';
  const end = statistics.begin('AssumeRole', roleArn, { outcome: 'answer', lagMs: 0, page: 'full' });
  try {
    const problem = inputProblem(form);
    if (problem !== undefined) return errorAnswer('ValidationError', problem, 400);
    if (!sessions.mayAssume(roleArn, form.get('ExternalId'))) {
      const user = 'User: arn:aws:iam::123456789012:user/emulator';
      const text = `${user} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
      return errorAnswer('AccessDenied', text, 403);
    }
    const seconds = Number(form.get('DurationSeconds') ?? DURATION_SECONDS_DEFAULT);
    const session = sessions.begin(roleArn, nowMs + seconds * 1000);
    return xmlAnswer(result(roleArn, form.get('RoleSessionName') ?? '', session), 200);
  } finally {
    end();
  }
}

/** Checks the bounds in botocore's model. Returns an error text, or undefined if the input is valid. */
function inputProblem(form: URLSearchParams): string | undefined {
  const rules: readonly (readonly [string, RegExp, boolean])[] = [
    ['RoleArn', /^[\u0020-\u007e]{20,2048}$/, true],
    ['RoleSessionName', /^[\w+=,.@-]{2,64}$/, true],
    ['ExternalId', /^[\w+=,.@:/-]{2,1224}$/, false],
    ['DurationSeconds', /^(?:9\d\d|[1-9]\d{3}|[1-3]\d{4}|4[0-2]\d{3}|43[01]\d{2}|43200)$/, false],
  ];
  for (const [name, pattern, required] of rules) {
    const value = form.get(name);
    if (value === null ? required : !pattern.test(value)) {
      return `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint`;
    }
  }
  return undefined;
}

const result = (roleArn: string, name: string, session: RoleSession): string =>
  `<AssumeRoleResponse xmlns="${NAMESPACE}">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEMULATOR:${escaped(name)}</AssumedRoleId>
      <Arn>${escaped(roleArn.replace(':iam::', ':sts::').replace(':role/', ':assumed-role/'))}/${escaped(name)}</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${session.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${session.secretAccessKey}</SecretAccessKey>
      <SessionToken>${session.sessionToken}</SessionToken>
      <Expiration>${new Date(session.expiresAtMs).toISOString().slice(0, 19)}Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
`;

const errorAnswer = (code: string, message: string, status: number): Response =>
  xmlAnswer(
    `<ErrorResponse xmlns="${NAMESPACE}">
  <Error>
    <Type>Sender</Type>
    <Code>${code}</Code>
    <Message>${escaped(message)}</Message>
  </Error>
</ErrorResponse>
`,
    status,
  );

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function xmlAnswer(xml: string, status: number): Response {
  const bytes = new TextEncoder().encode(xml);
  return new Response(bytes, {
    status,
    headers: { 'content-type': 'text/xml', 'content-length': String(bytes.byteLength) },
  });
}
