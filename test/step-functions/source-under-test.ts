/**
 * The Step Functions source in front of an emulator in this process, with a manual clock, and with functions
 * to script executions.
 */
import { createEmulator } from '../../src/emulator/server/emulator.ts';
import type { Result } from '../../src/core/errors.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import type { LogRecord } from '../../src/core/log.ts';
import type { Message } from '../../src/messages/message.ts';
import { staticCredentials } from '../../src/sources/aws/aws-credentials.ts';
import type { Fetch } from '../../src/sources/aws/aws-json.ts';
import type { Source, SourcePage } from '../../src/sources/source.ts';
import { createStepFunctionsClient } from '../../src/sources/step-functions/step-functions-client.ts';
import { createStepFunctionsListing } from '../../src/sources/step-functions/step-functions-listing.ts';
import { createStepFunctionsSource } from '../../src/sources/step-functions/step-functions.ts';
import { parseAllowedAccounts } from '../../src/sources/step-functions/allowed-accounts.ts';
import type { HistoryEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { READ } from '../support/call-options.ts';

export const KEYS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
export const ACCOUNT = 'us-west-2:123456789012';
export const UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';
export const arnOf = (name: string, account = ACCOUNT) =>
  `arn:aws:states:${account}:execution:StateMachine:${name}`;

export function sourceUnderTest(options: { fetch?: Fetch; allowed?: string } = {}) {
  const clock = new ManualClock();
  const emulator = createEmulator({ clock, credentials: KEYS });
  const records: LogRecord[] = [];
  let attempts = 0;
  const urls: string[] = [];
  const client = createStepFunctionsClient({
    allowed: parseAllowedAccounts(options.allowed ?? ACCOUNT) ?? new Set(),
    credentialsFor: () => staticCredentials(KEYS),
    fetch: (url, init) => {
      urls.push(url);
      return options.fetch ? options.fetch(url, init) : emulator.fetch(new Request(url, init));
    },
    clock,
    random: () => 0.5,
    log: testLog(records),
  });
  const source = createStepFunctionsSource(client);
  const control = async (path: string, body: object) => {
    const request = new Request(`http://emulator/_emulator${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const response = await emulator.fetch(request);
    if (!response.ok) throw new Error(`control: ${await response.text()}`);
  };
  return {
    clock,
    emulator,
    records,
    urls,
    source,
    listing: createStepFunctionsListing(client),
    attempts: () => attempts,
    page: (executionArn: string, token?: string, limit = 100) =>
      source.page(parseExecutionRef(executionArn), token, limit, { ...READ, onAttempt: () => attempts++ }),
    script: (executionArn: string, events: readonly HistoryEvent[], more: object = {}) =>
      control('/executions', { executionArn, events, ...more }),
    faults: (faults: object) => control('/faults', faults),
  };
}

/** All messages, page by page. Throws if a page fails. */
export async function allMessages(source: Source, executionArn: string, limit: number): Promise<Message[][]> {
  const pages: Message[][] = [];
  let token: string | undefined;
  do {
    const page: Result<SourcePage> = await source.page(parseExecutionRef(executionArn), token, limit, READ);
    if (!page.ok) throw new Error(JSON.stringify(page.failure));
    pages.push([...page.value.messages]);
    token = page.value.nextToken;
  } while (token !== undefined);
  return pages;
}
