/** Every start command keeps running without a terminal until it is stopped, and exits when its parent process dies. */
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
    .concurrent('leaves no process behind when its first process is killed', async () => {
      await using commands = await startCommands();
      const flowtap = commands.start(command);
      await flowtap.ready;
      await useForAWhile(flowtap);
      process.kill(flowtap.process.pid ?? 0, 'SIGKILL');
      await eventually(async () => expect(await groupOf(flowtap)).toEqual([]));
    });
});
