/** The AWS CLI of Debian (apt install awscli) reads through the Worker in workerd, with a profile of its own for the key. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type LocalService,
  UPSTREAM_CREDENTIALS,
  runAlone,
  settledExecutions,
  startLocalService,
} from './local-service.ts';
import { AWS_CLI, hasAwsCli } from './installed.ts';

/** Each start of it takes a second of a processor's time, and several run at once. */
const TIMEOUT_MS = 120_000;

describe.skipIf(!hasAwsCli())(
  `the AWS CLI (skipped where ${AWS_CLI} is missing)`,
  { timeout: TIMEOUT_MS },
  () => {
    const executions = settledExecutions();
    let service: LocalService;
    let home: string;

    beforeAll(async () => {
      service = await startLocalService();
      home = await mkdtemp(join(tmpdir(), 'flowtap-aws-cli-'));
      const profile = (name: string, keyId: string, secret: string, token?: string) =>
        `[${name}]\naws_access_key_id = ${keyId}\naws_secret_access_key = ${secret}\n` +
        (token === undefined ? '' : `aws_session_token = ${token}\n`);
      const { accessKeyId, secretAccessKey } = UPSTREAM_CREDENTIALS;
      const profiles = [
        profile('flowtap', 'flowtap', 'unused', await service.key()),
        profile('revoked', 'flowtap', 'unused', await service.revokedKey()),
        profile('upstream', accessKeyId, secretAccessKey),
        profile('real-user', 'AKIAREALUSER', 'a real secret'),
      ];
      await writeFile(join(home, 'credentials'), profiles.join('\n'));
    });
    afterAll(async () => {
      await service.close();
      await rm(home, { recursive: true });
    });

    function run(profile: string, id: string, ...more: string[]) {
      const endpoint = profile === 'upstream' ? service.upstream.url : service.url;
      const settings = `--endpoint-url ${endpoint} --region us-west-2 --profile ${profile} --output json`;
      const command = 'iotthingsgraph list-flow-execution-messages --flow-execution-id';
      const env = { AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials') };
      return runAlone(AWS_CLI, [...settings.split(' '), ...command.split(' '), id, ...more], { env });
    }

    async function read(profile: string, id: string, ...more: string[]): Promise<unknown[]> {
      const { code, stdout, stderr } = await run(profile, id, ...more);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout).messages;
    }

    it.concurrent.each(executions.map(({ id, messages }) => [id, messages] as const))(
      'reads all of %s',
      async (id, messages) => {
        const printed = await read('flowtap', id, '--page-size', messages.length > 1000 ? '250' : '3');
        const inSeconds = printed.map((message) => {
          // Safety: compared as a whole right below.
          const { timestamp, ...rest } = message as { timestamp: string };
          return { ...rest, timestamp: Date.parse(timestamp) / 1000 };
        });
        expect(inSeconds).toEqual(messages);
      },
    );

    it.concurrent('prints the same as straight from upstream', async () => {
      const id = executions[0]?.id ?? '';
      const [straight, through] = await Promise.all([read('upstream', id), read('flowtap', id)]);
      expect(straight.length).toBeGreaterThan(9);
      expect(through).toEqual(straight);
    });

    it.concurrent.each([
      [['unknown'], /\(ResourceNotFoundException\).*knows this flowExecutionId/],
      [['unknown', '--page-size', '251'], /\(InvalidRequestException\).*maxResults: must be/],
    ] as const)('asked for %j, says what to change', async ([id, ...more], text) => {
      const { code, stderr } = await run('flowtap', id, ...more);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(text);
    });

    it.concurrent.each([
      ['revoked', /\(UnrecognizedClientException\).*revoked/],
      ['real-user', /\(UnrecognizedClientException\).*a profile of its own for the AWS CLI/],
    ] as const)('with the profile %s, says what to change', async (profile, text) => {
      const { code, stderr } = await run(profile, 'unknown');
      expect(code).not.toBe(0);
      expect(stderr).toMatch(text);
    });
  },
);
