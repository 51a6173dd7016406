/**
 * Tests of Flowtap in front of a foreign upstream: a ListFlowExecutionMessages in Python that shares no code with our
 * emulator (foreign_upstream.py). It verifies signatures, and our pages and streams contain exactly its messages.
 * AWS's clients read from it in aws-sdk.test.ts, boto3.test.ts and aws-cli.test.ts.
 */
import {
  IoTThingsGraphClient,
  ListFlowExecutionMessagesCommand,
  type ListFlowExecutionMessagesCommandInput,
} from '@aws-sdk/client-iotthingsgraph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamReader } from '../support/sse-reader.ts';
import { credentialsOf } from './clients.ts';
import type { AwsMessage } from './aws-call.ts';
import { FOREIGN_EXECUTIONS, LONG, ended, flow, inMilliseconds } from './foreign-histories.ts';
import type { ForeignUpstream } from './foreign-upstream.ts';
import { FOREIGN, startForeign } from './upstreams.ts';
import { openWorldBefore, UPSTREAM_CREDENTIALS, type World } from '../support/on-workerd.ts';

/** A message with the step that Flowtap derives. */
type PrintedMessage = AwsMessage<string> & { readonly step?: string };

/** The message as the upstream sends it, without the derived step. */
const asUpstream = ({ step, ...message }: PrintedMessage) => inMilliseconds(message);

describe.skipIf(FOREIGN.isMissing)(`with ${FOREIGN.name}`, () => {
  let service: World<ForeignUpstream>;
  let key: string;
  beforeAll(async () => {
    service = await openWorldBefore(startForeign);
    key = await service.key();
  });
  afterAll(() => service.close());

  async function ask(
    endpoint: string,
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
    input: Partial<ListFlowExecutionMessagesCommandInput> = {},
  ) {
    const client = new IoTThingsGraphClient({ endpoint, region: 'us-west-2', credentials, maxAttempts: 1 });
    try {
      return await client.send(new ListFlowExecutionMessagesCommand({ flowExecutionId: LONG.id, ...input }));
    } finally {
      client.destroy();
    }
  }
  const throughUs = (input: Partial<ListFlowExecutionMessagesCommandInput>) =>
    ask(service.url.href, credentialsOf(key), input);

  const messagesOf = (id: string, query = '', headers: Record<string, string> = {}) =>
    fetch(new URL(`/v1/executions/${encodeURIComponent(id)}/messages?${query}`, service.url.href), {
      headers: { Authorization: `Bearer ${key}`, ...headers },
    });

  async function streamOf(id: string): Promise<StreamReader> {
    const response = await messagesOf(id, '', { Accept: 'text/event-stream' });
    expect(response.status).toBe(200);
    return new StreamReader(response.body);
  }
  const messagesIn = (stream: StreamReader): PrintedMessage[] =>
    stream.named('message').map(({ data }) => JSON.parse(data));

  it('the upstream refuses wrong credentials, a session token, and a page token of another history', async () => {
    const { url } = service.upstream;
    const refusals: [Parameters<typeof ask>, string][] = [
      [[url, { ...UPSTREAM_CREDENTIALS, secretAccessKey: 'wrong' }], 'InvalidSignatureException'],
      [[url, { ...UPSTREAM_CREDENTIALS, accessKeyId: 'AKIAOTHER' }], 'UnrecognizedClientException'],
      [[url, { ...UPSTREAM_CREDENTIALS, sessionToken: key }], 'UnrecognizedClientException'],
      [[url, UPSTREAM_CREDENTIALS, { maxResults: 251 }], 'InvalidRequestException'],
    ];
    for (const [call, name] of refusals) await expect(ask(...call)).rejects.toMatchObject({ name });
    const { nextToken, messages } = await ask(url, UPSTREAM_CREDENTIALS, { maxResults: 250 });
    expect(messages).toHaveLength(37);
    const elsewhere = { flowExecutionId: 'nothing:yet', nextToken: nextToken ?? '' };
    await expect(ask(url, UPSTREAM_CREDENTIALS, elsewhere)).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    const unsigned = await fetch(url, { method: 'POST', body: '{}' });
    expect(unsigned.status).toBe(403);
    expect(await unsigned.json()).toMatchObject({
      __type: 'com.amazonaws.iotthingsgraph#MissingAuthenticationTokenException',
    });
  });

  it.each(FOREIGN_EXECUTIONS.map(({ id, messages }) => [id, messages] as const))(
    'our pages of %s contain exactly its messages',
    async (id, messages) => {
      const read: PrintedMessage[] = [];
      let nextToken: string | undefined;
      do {
        const more = nextToken === undefined ? '' : `&nextToken=${nextToken}`;
        const response = await messagesOf(id, `maxResults=40${more}`);
        expect(response.status).toBe(200);
        // Safety: the response is a page. Its messages are checked below.
        const page = (await response.json()) as { messages: PrintedMessage[]; nextToken?: string };
        read.push(...page.messages);
        ({ nextToken } = page);
      } while (nextToken !== undefined);
      expect(read.map(asUpstream)).toEqual(messages.map(inMilliseconds));
    },
  );

  it('a stream of an ended execution sends all of its messages, then ends', async () => {
    const { id, messages } = FOREIGN_EXECUTIONS[0] ?? LONG;
    const stream = await (await streamOf(id)).readAll();
    expect(messagesIn(stream).map(asUpstream)).toEqual(messages.map(inMilliseconds));
    expect(stream.events.at(-1)).toMatchObject({ event: 'end', data: '{"status":"SUCCEEDED"}' });
  });

  it('a stream of a running execution also sends its later messages', async () => {
    // The first 37 messages fill the upstream's page, so the next message needs a new token.
    const id = 'growing/1';
    const messages = [...flow(41), ended('EXECUTION_SUCCEEDED', 41)];
    await service.upstream.say({ [id]: { messages: messages.slice(0, 37) } });
    const stream = await streamOf(id);
    while (stream.named('caught-up').length === 0 && (await stream.readOne()));
    expect(messagesIn(stream)).toHaveLength(37);
    await service.upstream.say({ [id]: { messages } });
    await stream.readAll();
    expect(messagesIn(stream).map(asUpstream)).toEqual(messages.map(inMilliseconds));
    expect(stream.events.at(-1)).toMatchObject({ event: 'end' });
  });

  it('a client that never retries does not notice when the upstream throttles twice', async () => {
    const id = 'throttles.twice';
    await service.upstream.say({ [id]: { exception: 'ThrottlingException', times: 2, messages: flow(5) } });
    expect((await throughUs({ flowExecutionId: id })).messages).toHaveLength(5);
  });
});
