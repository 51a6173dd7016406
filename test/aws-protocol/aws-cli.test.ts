/** The AWS CLI of Debian (apt install awscli) reads through the Worker in workerd, with a profile of its own for the key. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsMessage } from './aws-call.ts';
import { inMilliseconds } from './foreign-histories.ts';
import { AWS_CLI, hasAwsCli } from '../support/installed.ts';
import { runAlone } from './run-alone.ts';
import { EMULATOR, UPSTREAMS, pageSizeFor } from './upstreams.ts';
import { openWorldBefore, UPSTREAM_CREDENTIALS, type Upstream, type World } from '../support/on-workerd.ts';

for (const kind of UPSTREAMS) {
  describe.skipIf(kind.isMissing || !hasAwsCli())(
    `the AWS CLI (skipped where ${AWS_CLI} is missing) before ${kind.name}`,
    () => {
      const { executions, failing } = kind;
      let service: World<Upstream>;
      let home: string;

      beforeAll(async () => {
        service = await openWorldBefore(kind.start);
        home = await mkdtemp(join(tmpdir(), 'flowtap-aws-cli-'));
        const profile = (name: string, keyId: string, secret: string, token?: string) =>
          `[${name}]\naws_access_key_id = ${keyId}\naws_secret_access_key = ${secret}\n` +
          (token === undefined ? '' : `aws_session_token = ${token}\n`);
        const { accessKeyId, secretAccessKey } = UPSTREAM_CREDENTIALS;
        const profiles = [
          profile('flowtap', 'flowtap', 'unused', await service.key()),
          profile('revoked', 'flowtap', 'unused', await service.revokedKey()),
          profile('foreign', 'flowtap', 'unused', await service.key({ executions: ['other'] })),
          profile('wrong', 'flowtap', 'unused', 'wrong'),
          profile('upstream', accessKeyId, secretAccessKey),
          profile('real-user', 'ASIAREALUSER', 'a real secret', `IQoJb3JpZ2luX2VjE${'A/b+'.repeat(150)}==`),
        ];
        await writeFile(join(home, 'credentials'), profiles.join('\n'));
      });
      afterAll(async () => {
        await service.close();
        await rm(home, { recursive: true });
      });

      function run(profile: string, id: string, ...more: string[]) {
        const endpoint = profile === 'upstream' ? service.upstream.url : service.url.href;
        const settings = `--endpoint-url ${endpoint} --region us-west-2 --profile ${profile} --output json`;
        const command = 'iotthingsgraph list-flow-execution-messages --flow-execution-id';
        const env = { AWS_MAX_ATTEMPTS: '1', AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials') };
        return runAlone(AWS_CLI, [...settings.split(' '), ...command.split(' '), id, ...more], { env });
      }

      async function read(profile: string, id: string, ...more: string[]): Promise<AwsMessage<string>[]> {
        const { code, stdout, stderr } = await run(profile, id, ...more);
        if (code !== 0) throw new Error(stderr);
        return JSON.parse(stdout).messages;
      }

      it.concurrent.each(executions.map(({ id, messages }) => [id, messages] as const))(
        'prints the same for %s as when it reads from the upstream directly',
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

      // Refused by Flowtap, without an upstream call.
      if (kind !== EMULATOR) return;

      it.concurrent.each([
        [['unknown'], /\(ResourceNotFoundException\).*knows the execution "unknown"/],
        [['unknown', '--page-size', '251'], /\(InvalidRequestException\).*maxResults: must be/],
        [['unknown', '--no-sign-request'], /\(UnrecognizedClientException\).*carries no session token/],
      ] as const)('asked for %j, says what to change', async ([id, ...more], text) => {
        const { code, stderr } = await run('flowtap', id, ...more);
        expect(code).not.toBe(0);
        expect(stderr).toMatch(text);
      });

      it.concurrent.each([
        ['wrong', /\(UnrecognizedClientException\).*not an API key of this service/],
        ['foreign', /\(AccessDeniedException\).*may not read this flowExecutionId/],
        ['revoked', /\(UnrecognizedClientException\).*revoked/],
        ['real-user', /\(UnrecognizedClientException\).*a separate profile in the AWS CLI/],
      ] as const)('with the profile %s, says what to change', async (profile, text) => {
        const { code, stderr } = await run(profile, 'unknown');
        expect(code).not.toBe(0);
        expect(stderr).toMatch(text);
      });
    },
  );
}
