/** How a follower handles a stream that stays open while its upstream fails. */
import { expect, test } from 'vitest';
import { createFlowtapClient } from '../../src/client/client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { collect, driveUntil, failureOf } from './client-under-test.ts';

const heartbeat = (upstream: string) => `id: h\nevent: heartbeat\ndata: {"upstream":"${upstream}"}\n\n`;

/** A client whose server sends the next of these heartbeats every 15 s. */
function clientOf(states: string[], clock: ManualClock) {
  const heartbeats = () =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        await clock.sleep(15_000);
        controller.enqueue(new TextEncoder().encode(heartbeat(states.shift() ?? 'ok')));
      },
    });
  return createFlowtapClient({
    url: 'http://flowtap.test',
    apiKey: 'k',
    clock,
    random: () => 0,
    fetch: async () => new Response(heartbeats(), { headers: { 'Content-Type': 'text/event-stream' } }),
  });
}

test.each([
  ['throttled', 503, 'ThrottlingException'],
  ['unavailable', 502, 'InternalFailureException'],
])('a follower gives up when its upstream has been %s for giveUpAfterMs', async (upstream, status, code) => {
  const clock = new ManualClock();
  const beganAtMs = clock.now();
  // The `ok` heartbeat ends the first outage.
  const states = [...Array<string>(3).fill(upstream), 'ok', ...Array<string>(9).fill(upstream)];
  const following = clientOf(states, clock).followEvents('id', { giveUpAfterMs: 60_000 });
  expect(await driveUntil(clock, failureOf(collect(following)))).toMatchObject({ status, code });
  // The second outage begins with the fifth heartbeat.
  expect(clock.now() - beganAtMs).toBe(5 * 15_000 + 60_000);
});
