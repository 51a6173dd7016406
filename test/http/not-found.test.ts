/** Executions that neither the archive nor the upstream knows. */
import { beforeAll, describe, expect, test } from 'vitest';

import { MISS_MEMORY_MS } from '../../src/archive/archive-memory.ts';
import { openService, path, problemOf, type ServiceUnderTest } from './service-under-test.ts';

const ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_1';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await openService();
});

describe('a request for an execution that is not found', () => {
  test.each([
    [`/v1/executions/${ID}/message`, `${ID}/message`],
    [`/v1/executions/${ID}/Tickets`, `${ID}/Tickets`],
    ['/v1/executions/a%2Fb%22c/messages', 'a/b"c'],
    ['/v1/executions/nobody?waitTimeSeconds=0', 'nobody'],
  ])('gets a 404 that repeats the id that was looked up: %s', async (url, id) => {
    const problem = await problemOf(service.get(url));
    expect(problem).toMatchObject({ status: 404, code: 'ResourceNotFoundException' });
    expect(problem.detail).toContain(JSON.stringify(id));
  });

  test("gets an exception with the id in AWS's protocol", async () => {
    const answer = await service.fetch('/', {
      method: 'POST',
      headers: {
        'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
        'X-Amz-Security-Token': await service.key(),
      },
      body: JSON.stringify({ flowExecutionId: `${ID} ` }),
    });
    expect(await answer.json()).toEqual({
      __type: 'ResourceNotFoundException',
      message: `Neither the archive nor the upstream service knows the execution "${ID} ".`,
    });
  });

  test('gets a 404 with the id, even if it asks for a stream', async () => {
    const answer = service.get(path('nobody/at/all'), { Accept: 'text/event-stream' });
    await service.clock.advance(10_000);
    expect(await problemOf(answer)).toMatchObject({
      status: 404,
      detail: expect.stringContaining('"nobody/at/all"'),
    });
  });

  test('gets a 503 while the archive cannot be read, because the execution might be archived', async () => {
    const { store, clock } = service;
    // Makes the service remember the key, so that it is still accepted while the store fails.
    await service.get(path('nobody-before'));
    store.failReads();
    const stream = service.get(path('may-be-archived'), { Accept: 'text/event-stream' });
    const answers = () => [
      service.get(path('may-be-archived')),
      service.get(path('may-be-archived', '', '')),
    ];
    const unread = answers();
    await clock.advance(10_000);
    for (const answer of unread)
      expect(await problemOf(answer)).toMatchObject({ status: 503, code: 'StoreUnavailable' });
    expect(await (await stream).text()).toContain('"code":"StoreUnavailable"');
    store.failReads(false);
    await clock.advance(MISS_MEMORY_MS);
    for (const answer of answers()) expect(await problemOf(answer)).toMatchObject({ status: 404 });
  });
});
