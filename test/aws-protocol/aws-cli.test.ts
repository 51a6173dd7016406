/**
 * Debian's AWS CLI (apt install awscli) reads through the Worker in workerd. A separate profile holds the API key.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsMessage } from './aws-call.ts';
import { inMilliseconds } from './foreign-histories.ts';
import { AWS_CLI, hasAwsCli } from '../support/installed.ts';
import { AwsCli, credentialsOf } from './clients.ts';
import { EMULATOR, UPSTREAMS, pageSizeFor } from './upstreams.ts';
import { openWorldBefore, UPSTREAM_CREDENTIALS, type Upstream, type World } from '../support/on-workerd.ts';

for (const kind of UPSTREAMS) {
  describe.skipIf(kind.isMissing || !hasAwsCli())(
    `the AWS CLI (skipped where ${AWS_CLI} is missing) with ${kind.name}`,
    () => {
      const { executions, failing } = kind;
      let service: World<Upstream>;
      let cli: AwsCli;

      beforeAll(async () => {
        service = await openWorldBefore(kind.start);
        cli = await AwsCli.open({
          flowtap: credentialsOf(await service.key()),
          revoked: credentialsOf(await service.revokedKey()),
          foreign: credentialsOf(await service.key({ executions: ['other'] })),
          wrong: credentialsOf('wrong'),
          upstream: UPSTREAM_CREDENTIALS,
          'real-user': {
            accessKeyId: 'ASIAREALUSER',
            secretAccessKey: 'a real secret',
            sessionToken: `IQoJb3JpZ2luX2VjE${'A/b+'.repeat(150)}==`,
          },
        });
      });
      afterAll(async () => {
        await service.close();
        await cli.close();
      });

      function run(profile: string, id: string, ...more: string[]) {
        const endpoint = profile === 'upstream' ? service.upstream.url : service.url.href;
        const command = 'iotthingsgraph list-flow-execution-messages --flow-execution-id';
        return cli.run(endpoint, profile, [...command.split(' '), id, ...more]);
      }

      async function read(profile: string, id: string, ...more: string[]): Promise<AwsMessage<string>[]> {
        const { code, stdout, stderr } = await run(profile, id, ...more);
        if (code !== 0) throw new Error(stderr);
        return JSON.parse(stdout).messages;
      }

      it.concurrent.each(executions.map(({ id, messages }) => [id, messages] as const))(
        'prints the same messages of %s through the Worker as from the upstream directly',
        async (id, messages) => {
          const [straight, through] = await Promise.all([
            read('upstream', id),
            read('flowtap', id, '--page-size', String(pageSizeFor(messages))),
          ]);
          expect(through.map(inMilliseconds)).toEqual(messages.map(inMilliseconds));
          expect(through).toEqual(straight);
        },
      );

      it.concurrent.each(failing.filter(({ faults }) => faults === undefined))(
        "names the upstream's $exception",
        async ({ exception, flowExecutionId }) => {
          const { code, stderr } = await run('flowtap', flowExecutionId);
          expect(code).not.toBe(0);
          expect(stderr).toContain(`(${exception})`);
        },
      );

      // The texts in the remaining tests are Flowtap's own, whatever the upstream, so one upstream is enough.
      if (kind !== EMULATOR) return;

      it.concurrent.each([
        [['unknown'], /\(ResourceNotFoundException\).*knows the execution "unknown"/],
        [['unknown', '--page-size', '251'], /\(InvalidRequestException\).*maxResults: must be/],
        [['unknown', '--no-sign-request'], /\(UnrecognizedClientException\).*carries no session token/],
      ] as const)('explains what to change when called with %j', async ([id, ...more], text) => {
        const { code, stderr } = await run('flowtap', id, ...more);
        expect(code).not.toBe(0);
        expect(stderr).toMatch(text);
      });

      it.concurrent.each([
        ['wrong', /\(UnrecognizedClientException\).*not an API key of this service/],
        ['foreign', /\(AccessDeniedException\).*may not read this flowExecutionId/],
        ['revoked', /\(UnrecognizedClientException\).*revoked/],
        ['real-user', /\(UnrecognizedClientException\).*a separate profile in the AWS CLI/],
      ] as const)('explains what to change when called with the profile %s', async (profile, text) => {
        const { code, stderr } = await run(profile, 'unknown');
        expect(code).not.toBe(0);
        expect(stderr).toMatch(text);
      });
    },
  );
}
