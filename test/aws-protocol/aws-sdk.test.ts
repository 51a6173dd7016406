/**
 * AWS's own JavaScript client (v3) reads through the Worker in workerd. The client is used as with AWS, apart from
 * its constructor arguments.
 */
import {
  InternalFailureException,
  InvalidRequestException,
  IoTThingsGraphClient,
  type IoTThingsGraphClientConfig,
  ListFlowExecutionMessagesCommand,
  type ListFlowExecutionMessagesCommandInput,
  type ListFlowExecutionMessagesCommandOutput,
  ResourceNotFoundException,
  ThrottlingException,
  paginateListFlowExecutionMessages,
} from '@aws-sdk/client-iotthingsgraph';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configFor } from './clients.ts';
import { UPSTREAMS, pageSizeFor } from './upstreams.ts';
import { eventually } from '../support/eventually.ts';
import { openWorldBefore, UPSTREAM_CREDENTIALS, type Upstream, type World } from '../support/on-workerd.ts';

const CLASSES = {
  InvalidRequestException,
  ResourceNotFoundException,
  ThrottlingException,
  InternalFailureException,
};

for (const { name, isMissing, executions, failing, start } of UPSTREAMS) {
  describe.skipIf(isMissing)(`@aws-sdk/client-iotthingsgraph with ${name}`, () => {
    let service: World<Upstream>;
    let key: string;
    const clients: IoTThingsGraphClient[] = [];
    beforeAll(async () => {
      service = await openWorldBefore(start);
      key = await service.key();
    });
    afterEach(() => {
      for (const created of clients.splice(0)) created.destroy();
    });
    afterAll(() => service.close());

    function client(sessionToken: string, config: Partial<IoTThingsGraphClientConfig> = {}) {
      const created = new IoTThingsGraphClient({
        ...configFor(service.url.href, sessionToken),
        ...config,
      });
      clients.push(created);
      return created;
    }

    const upstream = () => client('', { endpoint: service.upstream.url, credentials: UPSTREAM_CREDENTIALS });

    /** Reads all messages with the client's paginator. */
    async function readAll(reader: IoTThingsGraphClient, flowExecutionId: string, pageSize: number) {
      const messages = [];
      for await (const page of paginateListFlowExecutionMessages(
        { client: reader, pageSize },
        { flowExecutionId },
      )) {
        messages.push(...(page.messages ?? []));
      }
      return messages;
    }

    /** Reads all messages without the paginator, following tokens by hand. */
    async function readByHand(reader: IoTThingsGraphClient, input: ListFlowExecutionMessagesCommandInput) {
      const messages = [];
      let nextToken: string | undefined;
      do {
        const page: ListFlowExecutionMessagesCommandOutput = await reader.send(
          new ListFlowExecutionMessagesCommand({ ...input, ...(nextToken !== undefined && { nextToken }) }),
        );
        messages.push(...(page.messages ?? []));
        ({ nextToken } = page);
      } while (nextToken !== undefined);
      return messages;
    }

    async function refusal(
      reader: IoTThingsGraphClient,
      input: Partial<ListFlowExecutionMessagesCommandInput> = {},
    ): Promise<Error & { $metadata?: { attempts?: number; requestId?: string; httpStatusCode?: number } }> {
      const flowExecutionId = executions[0]?.id ?? '';
      return reader.send(new ListFlowExecutionMessagesCommand({ flowExecutionId, ...input })).then(
        () => new Error('the call succeeded'),
        (error: Error) => error,
      );
    }

    it.each(executions.map(({ id, messages }) => [id, messages] as const))(
      'reads the same messages of %s through the Worker as from the upstream, with and without its paginator',
      async (flowExecutionId, messages) => {
        const pageSize = pageSizeFor(messages);
        const expected = await readAll(upstream(), flowExecutionId, 250);
        expect(expected).toHaveLength(messages.length);
        expect(await readAll(client(key), flowExecutionId, pageSize)).toEqual(expected);
        expect(await readByHand(client(key), { flowExecutionId, maxResults: pageSize })).toEqual(expected);
      },
    );

    it('throws each modelled exception as its class, with the request id', async () => {
      const reader = client(key);
      const invalid = await refusal(reader, { maxResults: 251 });
      expect(invalid).toBeInstanceOf(InvalidRequestException);
      expect(invalid.message).toBe('maxResults: must be a whole number from 1 to 250.');
      expect(invalid.$metadata?.requestId).toMatch(/^[0-9a-f-]{36}$/);
      for (const { exception, flowExecutionId, faults } of failing) {
        if (faults) await service.faults(faults);
        const refused = await refusal(reader, { flowExecutionId });
        expect(refused).toBeInstanceOf(CLASSES[exception]);
        expect(refused.$metadata?.requestId).toMatch(/^[0-9a-f-]{36}$/);
        if (faults) await service.faults({});
      }
    });

    it('retries temporary failures and no others', async () => {
      const { flowExecutionId = '', faults } =
        failing.find(({ exception }) => exception === 'InternalFailureException') ?? {};
      if (faults) await service.faults(faults);
      const failed = await refusal(client(key, { maxAttempts: 2 }), { flowExecutionId });
      if (faults) await service.faults({});
      expect(failed).toMatchObject({ name: 'InternalFailureException', $metadata: { attempts: 2 } });
      for (const refused of [client('wrong', { maxAttempts: 2 }), client('', { maxAttempts: 2 })]) {
        expect(await refusal(refused)).toMatchObject({
          name: 'UnrecognizedClientException',
          $metadata: { attempts: 1, httpStatusCode: 400 },
        });
      }
    });

    it('throws a ThrottlingException when its key is over the rate limit', async () => {
      const slowKey = await service.key({ tier: 'standard' });
      // A new rate-limit period might begin just before the call.
      await eventually(async () => {
        await service.useUpRate(slowKey);
        const throttled = await refusal(client(slowKey));
        expect(throttled).toBeInstanceOf(ThrottlingException);
        expect(throttled.message).toContain('Retry in');
      });
    });

    it('throws an exception that says what to change for each mistake with keys', async () => {
      // A wrong key, a real AWS token, no signature, no token, a revoked key, and an execution outside of the key.
      const unknown = { name: 'UnrecognizedClientException' };
      expect(await refusal(client('wrong'))).toMatchObject({
        ...unknown,
        message: expect.stringContaining('credentials: { accessKeyId: "flowtap", secretAccessKey: "unused"'),
      });
      const realToken = `IQoJb3JpZ2luX2VjE${'A/b+'.repeat(150)}==`;
      expect(await refusal(client(realToken))).toMatchObject({
        ...unknown,
        message: expect.stringContaining('a client uses AWS credentials from its environment instead'),
      });
      const unsigned = client('', { signer: { sign: (request) => Promise.resolve(request) } });
      expect(await refusal(unsigned)).toMatchObject({
        ...unknown,
        message: expect.stringContaining('carries no session token'),
      });
      const { accessKeyId, secretAccessKey } = UPSTREAM_CREDENTIALS;
      expect(await refusal(client('', { credentials: { accessKeyId, secretAccessKey } }))).toMatchObject({
        ...unknown,
        message: expect.stringContaining('carries no session token'),
      });
      expect(await refusal(client(await service.revokedKey()))).toMatchObject({
        ...unknown,
        message: expect.stringContaining('revoked'),
      });
      expect(await refusal(client(await service.key({ executions: ['other'] })))).toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('may not read this flowExecutionId'),
      });
    });
  });
}
