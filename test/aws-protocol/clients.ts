/**
 * Configures AWS clients for Flowtap as users do: with constructor arguments of the JavaScript client, or profiles of
 * the AWS CLI.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AWS_CLI } from '../support/installed.ts';
import { runAlone } from './run-alone.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** AWS credentials with the API key as their session token. */
export const credentialsOf = (apiKey: string) => ({
  accessKeyId: 'flowtap',
  secretAccessKey: 'unused',
  sessionToken: apiKey,
});

/** Arguments for a client's constructor. Retries are off, because tests count calls. */
export const configFor = (endpoint: string, apiKey: string) => ({
  endpoint,
  region: 'us-west-2',
  credentials: credentialsOf(apiKey),
  maxAttempts: 1,
});

const profileText = (name: string, { accessKeyId, secretAccessKey, sessionToken }: Credentials): string =>
  `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n` +
  (sessionToken === undefined ? '' : `aws_session_token = ${sessionToken}\n`);

/** The AWS CLI with a credentials file of its own. */
export class AwsCli {
  /** The path for AWS_SHARED_CREDENTIALS_FILE. */
  readonly credentialsFile: string;
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
    this.credentialsFile = join(home, 'credentials');
  }

  static async open(profiles: Readonly<Record<string, Credentials>>): Promise<AwsCli> {
    const cli = new AwsCli(await mkdtemp(join(tmpdir(), 'flowtap-aws-cli-')));
    const texts = Object.entries(profiles).map(([name, credentials]) => profileText(name, credentials));
    await writeFile(cli.credentialsFile, texts.join('\n'));
    return cli;
  }

  /** Runs the CLI. `words` are the service, the operation and its options. */
  run(endpoint: string, profile: string, words: readonly string[]) {
    const settings = `--endpoint-url ${endpoint} --region us-west-2 --profile ${profile} --output json`;
    const env = { AWS_MAX_ATTEMPTS: '1', AWS_SHARED_CREDENTIALS_FILE: this.credentialsFile };
    return runAlone(AWS_CLI, [...settings.split(' '), ...words], { env });
  }

  close(): Promise<void> {
    return rm(this.#home, { recursive: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
