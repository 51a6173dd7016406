/**
 * Every start command runs until it is stopped, without a terminal, and does not outlive the program that
 * started it.
 */
import { describe, expect, test } from 'vitest';
import { groupOf, read, signalGroup, START_COMMANDS, startCommands, useForAWhile } from './start-command.ts';
import { eventually } from '../support/eventually.ts';

describe.each(START_COMMANDS.map((command) => [command.join(' '), command] as const))('%s', (_, command) => {
  test.concurrent('runs until it is stopped', async () => {
    await using commands = await startCommands();
    const flowtap = commands.start(command);
    await flowtap.ready;
    await useForAWhile(flowtap);
    expect((await fetch(`${read(flowtap).origin}/healthz`)).status).toBe(200);
    signalGroup(flowtap, 'SIGTERM');
    await flowtap.exited;
    await eventually(async () => expect(await groupOf(flowtap)).toEqual([]));
  });

  test
    .runIf(process.platform === 'linux')
    .concurrent('ends when the program that started it is killed', async () => {
      await using commands = await startCommands();
      const flowtap = commands.start(command);
      await flowtap.ready;
      await useForAWhile(flowtap);
      process.kill(flowtap.process.pid ?? 0, 'SIGKILL');
      await eventually(async () => expect(await groupOf(flowtap)).toEqual([]));
    });
});
