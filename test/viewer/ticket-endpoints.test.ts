/** Runs the unchanged ticket endpoints of docs/embed.md. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { PROJECT } from '../architecture/source-files.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { PYTHON } from '../support/installed.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';

const GUIDE = readFileSync(join(PROJECT, 'docs/embed.md'), 'utf8');
const ID = 'urn:tdm:us-west-2/1/default:Workflow:A_1 ö#&+';

let world: World;
let directory: string;
beforeAll(async () => {
  world = await openWorld();
  await world.script(ID, flow(2, 0));
  directory = await mkdtemp(join(tmpdir(), 'flowtap-ticket-'));
});
afterAll(async () => {
  await world.close();
  await rm(directory, { recursive: true });
});

test.each([
  ['js', 'ticket.mjs', process.execPath, 15],
  ['python', 'ticket.py', PYTHON, 22],
])(
  'the endpoint in %s passes on the answers of Flowtap, including refusals',
  async (language, name, program, linesMax) => {
    if (!existsSync(program)) return;
    const code = new RegExp(`\`\`\`${language}\\n((?:#|//) ${name}[\\s\\S]*?)\`\`\``).exec(GUIDE)?.[1] ?? '';
    expect(code.trim().split('\n').length).toBeLessThanOrEqual(linesMax);
    const file = join(directory, name);
    await writeFile(file, code);
    const port = await freePort();
    const env = {
      ...process.env,
      FLOWTAP_URL: world.url.origin,
      FLOWTAP_API_KEY: await world.key({ executions: [ID] }),
      PORT: String(port),
    };
    const endpoint = spawn(program, [file], { env, stdio: 'ignore' });
    try {
      const ask = (id: string) =>
        fetch(`http://127.0.0.1:${port}/ticket?id=${encodeURIComponent(id)}`, { method: 'POST' });
      const answer = await eventually(() => ask(ID));
      expect(answer.status).toBe(201);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
      // Safety: the members are checked below.
      const { ticket, expiresAt, streamUrl } = (await answer.json()) as Record<string, string>;
      expect(Date.parse(expiresAt ?? '')).toBeGreaterThan(Date.now());
      expect(streamUrl).toContain(world.url.origin);
      const page = await world.fetch(`/v1/executions/${encodeURIComponent(ID)}/messages?ticket=${ticket}`);
      expect(page.status).toBe(200);
      const refused = await ask('another');
      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({ code: 'AccessDeniedException' });
    } finally {
      endpoint.kill('SIGKILL');
    }
  },
);
