/** Runs `flowtap link` as a process, against the real Worker and the emulator. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { parseWatchFragment } from '../../src/core/watch-link.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { type CommandUnderTest, commandFor, linesOf } from './command-under-test.ts';

const PUBLIC_URL = 'https://flows.example.com/flowtap';
const ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:A_1 ö#&+';

let world: World;
let flowtap: CommandUnderTest;
beforeAll(async () => {
  world = await openWorld({ PUBLIC_URL });
  flowtap = await commandFor(world, await world.key());
  await world.script(ID, flow(2, 0));
});
afterAll(async () => {
  await flowtap.stop();
  await world.close();
});

/** Opens a printed link, and returns its parts and what its ticket may read. */
async function opened(link: string) {
  const { hash, origin, pathname } = new URL(link);
  const { execution = '', ticket = '', message } = parseWatchFragment(hash);
  const path = `/v1/executions/${encodeURIComponent(execution)}/messages?ticket=${ticket}`;
  const answer = await world.fetch(path);
  return { page: origin + pathname, execution, message, status: answer.status, body: await answer.text() };
}

test.concurrent(
  'link prints only a link to the public address, with a ticket for this execution',
  async () => {
    const { code, stdout, stderr } = await flowtap.run(['link', ID]);
    expect({ code, lines: linesOf(stdout).length }).toEqual({ code: 0, lines: 1 });
    const { page, execution, status, body } = await opened(stdout.trim());
    expect({ page, execution, status }).toEqual({ page: `${PUBLIC_URL}/watch`, execution: ID, status: 200 });
    expect(body).toContain('"payload":"m ');
    expect(stderr).toMatch(/^Works until \d{4}-\d\d-\d\dT[\d:.]+Z\.\n$/);
    const lifeMs = Date.parse(/until (.*)\./.exec(stderr)?.[1] ?? '') - Date.now();
    expect(lifeMs).toBeGreaterThan(3_000_000);
    expect(lifeMs).toBeLessThanOrEqual(3_600_000);
  },
);

test.concurrent(
  '--payloads, --ttl and --message change the link, and --json also prints its expiry',
  async () => {
    const words = ['--payloads', 'names', '--ttl', '90s', '--message', 'm1', '--json'];
    const { code, stdout } = await flowtap.run(['link', ID, ...words]);
    expect(code).toBe(0);
    // Safety: --json prints this shape.
    const { link, expiresAt } = JSON.parse(stdout) as { link: string; expiresAt: string };
    const { status, body, message } = await opened(link);
    expect({ status, message }).toEqual({ status: 200, message: 'm1' });
    expect(body).not.toContain('"payload":"m ');
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(90_000);
  },
);

test.concurrent.each([
  [['--ttl', '2h'], "--ttl must be from 1s to 1h: it is '2h'"],
  [['--ttl', '0'], "--ttl must be from 1s to 1h: it is '0'"],
  [['--ttl', 'soon'], '--ttl must be a duration'],
  [['--payloads', 'some'], '--payloads must be'],
])('link %j is refused before anything is sent', async (words, reason) => {
  expect(await flowtap.run(['link', ID, ...words])).toMatchObject({
    code: 64,
    stdout: '',
    stderr: expect.stringContaining(reason),
  });
});

test.concurrent(
  'a key that may not create tickets gets an error with the reason instead of a link',
  async () => {
    const FLOWTAP_API_KEY = await world.key({ tickets: false });
    const refused = await flowtap.run(['link', ID], { env: { FLOWTAP_API_KEY } });
    expect(refused).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('may not create tickets'),
    });
  },
);
