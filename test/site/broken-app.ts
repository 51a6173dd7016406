/** An application with all routes but with ports that always throw. */
import { RequestAddresses } from '../../src/http/request-address.ts';
import { type App, createApp, type AppPorts } from '../../src/app.ts';
import { systemClock } from '../../src/core/clock.ts';
import { testLog } from '../support/secret-search.ts';

export function brokenApp(): App {
  const bug = () => {
    throw new Error('a bug');
  };
  // Safety: every access to a property throws, so its type does not matter.
  const broken = new Proxy({}, { get: () => bug }) as never;
  const ports: AppPorts = {
    addresses: new RequestAddresses(),
    access: broken,
    executions: broken,
    lists: broken,
    children: bug,
    archive: broken,
    listArchived: broken,
    cursorKeys: broken,
    probe: bug,
    eventOfMessage: bug,
    corsOrigins: ['*'],
    logEveryNth: 1,
    clock: systemClock,
    log: testLog([]),
    version: '1.2.3-test',
  };
  return createApp(ports);
}
