/** With every start command, a stream follows an execution to its end, more than a minute later. */
import { expect, test } from 'vitest';
import { follow, read, START_COMMANDS, startCommands } from './start-command.ts';

test.concurrent.for(START_COMMANDS.map((command) => [command.join(' '), command] as const))(
  '%s serves a stream of an execution for more than a minute, until the execution ends',
  async ([, command]) => {
    await using commands = await startCommands();
    const flowtap = commands.start(command);
    await flowtap.ready;
    const events = await follow(flowtap, read(flowtap).endsInAMinute, (all) => all.at(-1)?.event === 'end');
    expect(events.filter(({ event }) => event === 'message').length).toBeGreaterThan(10);
    expect((await fetch(`${read(flowtap).origin}/healthz`)).status).toBe(200);
  },
);
