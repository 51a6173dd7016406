/**
 * `npx node bench/step-functions-crowd.ts [seconds]` follows two hundred executions of Step Functions, each with
 * a stream of its own. The Worker runs in workerd, its objects share one call budget (BUDGETS), and the emulator
 * throttles as AWS does.
 *
 * Every ten seconds it prints how many calls were made and how many of them were throttled. It fails if a stream has a
 * gap or a repeat, or if more than 1 % of the calls after the first minute were throttled. By default it measures for
 * 150 s, and the executions end after the first 100 s.
 */
import { Agent, request } from 'node:http';

import { createLocalKey } from '../src/local/local-key.ts';
import { openWorld } from '../test/support/on-workerd.ts';

const FOLLOWED = 200;
/** AWS's quota of GetExecutionHistory in a small region. */
const THROTTLE = { capacity: 400, refillPerSecond: 20 };
/** The maximum share of throttled calls, counted from the second minute on. */
const THROTTLED_SHARE_MAX = 0.01;
const EVERY_MS = 2_000;
const REPORT_MS = 10_000;

const seconds = Number(process.argv[2] ?? 150);
const events = Math.max(4, Math.floor((seconds * 1000 * 2) / 3 / EVERY_MS));

const service = await openWorld();

/** Follows one stream until its `end` event, and reconnects when needed. */
class Follower {
  readonly ids: string[] = [];
  readonly problems: string[] = [];
  pollIntervalMs = 0;
  ended = false;
  #lastEventId = '';
  #retryMs = 1_000;

  async follow(agent: Agent, url: URL, key: string): Promise<void> {
    while (!this.ended) {
      await this.#connect(agent, url, key);
      if (!this.ended) await new Promise((resolve) => setTimeout(resolve, this.#retryMs));
    }
  }

  #connect(agent: Agent, url: URL, key: string): Promise<void> {
    const headers = {
      accept: 'text/event-stream',
      'x-api-key': key,
      ...(this.#lastEventId !== '' && { 'last-event-id': this.#lastEventId }),
    };
    return new Promise((resolve) => {
      request(url, { agent, headers }, (response) => {
        let rest = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          const frames = (rest + text).split('\n\n');
          rest = frames.pop() ?? '';
          for (const frame of frames) this.#take(frame);
        });
        response.on('close', resolve);
      })
        .on('error', () => resolve())
        .end();
    });
  }

  #take(frame: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1];
    const [event, data, id, retry] = [field('event'), field('data'), field('id'), field('retry')];
    if (id !== undefined) this.#lastEventId = id;
    if (retry !== undefined) this.#retryMs = Number(retry);
    if (data === undefined) return;
    if (event === 'end') this.ended = true;
    if (event === 'problem') this.problems.push(/"code":"(\w+)"/.exec(data)?.[1] ?? data);
    // Safety: the event stream is documented to send this shape.
    const parsed = JSON.parse(data) as { messageId: string; pollIntervalMs: number };
    if (event === undefined) this.ids.push(parsed.messageId);
    if (event === 'heartbeat') this.pollIntervalMs = Math.max(this.pollIntervalMs, parsed.pollIntervalMs);
  }
}

try {
  await service.control('/faults', { throttleBucket: THROTTLE });
  const history = [
    { type: 'ExecutionStarted' },
    ...Array.from({ length: events - 2 }, () => ({ type: 'PassStateEntered' })),
    { type: 'ExecutionSucceeded' },
  ].map((event, index) => ({ ...event, afterMs: index * EVERY_MS }));
  const key = await createLocalKey(service.workerd.store, { tier: 'high' });
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  const followers = Array.from({ length: FOLLOWED }, () => new Follower());
  const running = followers.map(async (follower, n) => {
    const executionArn = `arn:aws:states:us-west-2:123456789012:execution:Crowd:run-${n}`;
    await service.control('/executions', { executionArn, events: history });
    await follower.follow(agent, new URL(`/v1/executions/${executionArn}/messages`, service.url), key);
  });
  let over = false;
  void Promise.all(running).then(() => (over = true));
  console.log('| after s | calls | a second | throttled | streams ended | longest poll interval ms |');
  console.log('| --: | --: | --: | --: | --: | --: |');
  const startMs = Date.now();
  let before = { calls: 0, throttled: 0 };
  let afterAMinute = { calls: 0, throttled: 0 };
  const deadlineMs = startMs + seconds * 1000;
  while (!over && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(REPORT_MS, deadlineMs - Date.now())));
    const { calls, throttled } = service.stats();
    const elapsedSeconds = Math.round((Date.now() - startMs) / 1000);
    const longest = Math.max(...followers.map(({ pollIntervalMs }) => pollIntervalMs));
    const ended = followers.filter((follower) => follower.ended).length;
    console.log(
      `| ${elapsedSeconds} | ${calls - before.calls} | ${((calls - before.calls) / (REPORT_MS / 1000)).toFixed(1)} | ${throttled - before.throttled} | ${ended} | ${longest} |`,
    );
    before = { calls, throttled };
    if (elapsedSeconds <= 60) afterAMinute = before;
  }
  const [calls, throttled] = [before.calls - afterAMinute.calls, before.throttled - afterAMinute.throttled];
  const share = (part: number, of: number) => (of === 0 ? '0' : ((100 * part) / of).toFixed(2));
  const problems = followers.flatMap((follower) => follower.problems);
  const whole = history.map((_, index) => String(index + 1)).join();
  const complete = followers.filter(({ ids, ended }) => ended && ids.join() === whole).length;
  const consistent = followers.filter(({ ids }) => whole.startsWith(ids.join())).length;
  console.log(`\nthrottled: ${share(before.throttled, before.calls)} % of all ${before.calls} calls, `);
  console.log(`${share(throttled, calls)} % of the ${calls} after the first minute`);
  console.log(
    `streams without gap or repeat: ${consistent} of ${FOLLOWED}; complete: ${complete}; problem events: ${problems.length} ${[...new Set(problems)].join()}`,
  );
  // A run that was cut short cannot be complete, but the messages it received must be right.
  const whollyRight = consistent === FOLLOWED && (!over || complete === FOLLOWED);
  process.exitCode = whollyRight && throttled <= calls * THROTTLED_SHARE_MAX ? 0 : 1;
  agent.destroy();
} finally {
  await service.close();
}
process.exit();
