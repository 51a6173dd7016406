/** Exceptions in handlers, which are always bugs. Tests what the caller gets and what is logged. */
import { RequestAddresses } from '../../src/http/request-address.ts';
import { expect, test } from 'vitest';

import { systemClock } from '../../src/core/clock.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { type AppPorts, createApp } from '../../src/app.ts';
import { testLog } from '../support/secret-search.ts';
import { problemOf } from './service-under-test.ts';

test('an exception in a handler is a 500 with the request id, and the log has its name and place but not its message', async () => {
  const bug = () => {
    throw new TypeError("Invalid URL: 'https://flowtap.example/v1/key?ticket=in-clear'");
  };
  // Safety: any use of these ports throws, as the test wants.
  const broken = new Proxy({}, { get: bug }) as never;
  const logged: LogRecord[] = [];
  const ports: AppPorts = {
    addresses: new RequestAddresses(),
    access: broken,
    executions: broken,
    lists: broken,
    children: broken,
    archive: broken,
    listArchived: broken,
    cursorKeys: broken,
    probe: broken,
    eventOfMessage: broken,
    corsOrigins: [],
    logEveryNth: 1,
    clock: systemClock,
    log: testLog(logged),
    version: '1.2.3-test',
  };
  const runtime = { clientAddress: () => '192.0.2.1', waitUntil: () => undefined };
  const response = await createApp(ports).fetch(new Request('https://flowtap.example/v1/key'), { runtime });
  const problem = await problemOf(response);
  expect(problem).toMatchObject({ status: 500, requestId: response.headers.get('X-Request-Id') });
  expect(logged).toMatchObject([
    {
      level: 'error',
      failure: 'internal',
      reason: expect.stringMatching(/^TypeError\n +at .*exception\.test\.ts/),
    },
  ]);
  expect(JSON.stringify([logged, problem])).not.toContain('in-clear');
});
