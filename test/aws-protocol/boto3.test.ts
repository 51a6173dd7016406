/**
 * Debian's boto3 (apt install python3-boto3) reads through the Worker in workerd. boto3 is used as with AWS, apart
 * from its constructor arguments. FLOWTAP_TEST_PYTHON can name another Python with another boto3.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PYTHON, hasBoto3 } from '../support/installed.ts';
import { runAlone } from './run-alone.ts';
import { UPSTREAMS, pageSizeFor } from './upstreams.ts';
import { openWorldBefore, UPSTREAM_CREDENTIALS, type Upstream, type World } from '../support/on-workerd.ts';

const python = process.env['FLOWTAP_TEST_PYTHON'] ?? PYTHON;
const SCRIPT = fileURLToPath(new URL('use_boto3.py', import.meta.url));

interface Refusal {
  readonly code: string;
  /** The exception's class. Null if botocore's model does not list the exception. */
  readonly class: string | null;
  readonly status: number;
  readonly requestId: string;
  readonly retries: number;
  readonly message: string;
}

interface Report {
  readonly executions: Readonly<Record<string, { count: number; paginator: boolean; client: boolean }>>;
  /** Maps each exception of the upstream to the refusal that boto3 reports. */
  readonly failing: Readonly<Record<string, Refusal>>;
  readonly refusals: Readonly<Record<string, Refusal>>;
}

for (const { name, isMissing, executions, failing, start } of UPSTREAMS) {
  describe.skipIf(isMissing || !hasBoto3(python))(
    `boto3 (skipped when ${python} has no boto3) with ${name}`,
    () => {
      let service: World<Upstream>;
      let report: Report;

      beforeAll(async () => {
        service = await openWorldBefore(start);
        const given = {
          url: service.url.href,
          upstream: { url: service.upstream.url, ...UPSTREAM_CREDENTIALS },
          executions: executions.map(({ id, messages }) => ({ id, pageSize: pageSizeFor(messages) })),
          failing,
          key: await service.key(),
          slowKey: await service.key({ tier: 'standard' }),
          revokedKey: await service.revokedKey(),
          foreignKey: await service.key({ executions: ['other'] }),
        };
        const { code, stdout, stderr } = await runAlone(python, [SCRIPT], { input: JSON.stringify(given) });
        if (code !== 0) throw new Error(stderr);
        report = JSON.parse(stdout);
      });
      afterAll(() => service.close());

      it.each(executions.map(({ id, messages }) => [id, messages.length] as const))(
        'reads the same messages of %s through the Worker as from the upstream, with and without its paginator',
        (id, count) => {
          expect(report.executions[id]).toEqual({ count, paginator: true, client: true });
        },
      );

      it.each([
        ['invalid', 'InvalidRequestException', 400],
        ['token', 'InvalidRequestException', 400],
        ['overTheLimit', 'ThrottlingException', 400],
      ])('the mistake "%s" is caught as %s', (name, exception, status) => {
        expect(report.refusals[name]).toMatchObject({ code: exception, class: exception, status });
        expect(report.refusals[name]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
      });

      it.each(failing.map(({ exception }) => exception))(
        "the upstream's %s is caught as the class of that name",
        (exception) => {
          const status = exception === 'InternalFailureException' ? 500 : 400;
          expect(report.failing[exception]).toMatchObject({ code: exception, class: exception, status });
          expect(report.failing[exception]?.message).not.toContain('The foreign upstream says');
        },
      );

      it.each([
        ['wrongKey', 'UnrecognizedClientException', /not an API key .* aws_session_token=<API key>/],
        ['realTokenOfAws', 'UnrecognizedClientException', /all three arguments .* from its environment/],
        [
          'noToken',
          'UnrecognizedClientException',
          /carries no session token\. .*aws_session_token=<API key>/,
        ],
        [
          'unsigned',
          'UnrecognizedClientException',
          /carries no session token\. .*aws_session_token=<API key>/,
        ],
        ['revokedKey', 'UnrecognizedClientException', /revoked.*new one/],
        ['foreignExecution', 'AccessDeniedException', /may not read this flowExecutionId.*executions/],
        ['overTheLimit', 'ThrottlingException', /Retry in \d+ s/],
        ['invalid', 'InvalidRequestException', /^maxResults: must be a whole number from 1 to 250/],
        ['token', 'InvalidRequestException', /^nextToken: .* leave it out to start/],
        ['endpointWithPath', 'UnknownOperationException', /without a path: endpoint_url in Python/],
      ])('the mistake "%s" gets a %s that says what to change', (name, exception, text) => {
        expect(report.refusals[name]).toMatchObject({
          code: exception,
          message: expect.stringMatching(text),
        });
      });

      it('retries temporary failures and no others', () => {
        expect(report.refusals['failedUpstreamTwice']).toMatchObject({
          code: 'InternalFailureException',
          retries: 1,
        });
        expect(report.refusals['wrongKey']).toMatchObject({ retries: 0 });
      });

      it('gets no answer that repeats an AWS token sent by mistake', () => {
        expect(JSON.stringify(report)).not.toContain('REALTOKEN');
      });
    },
  );
}
