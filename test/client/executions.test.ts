/** The client's lists of executions. Uses the whole service in this process, with the emulator as its upstream. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type ExecutionsEvent,
  type FlowtapClient,
  type FollowExecutionsOptions,
  createFlowtapClient,
} from '../../src/client/client.ts';
import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { FlowtapProblem } from '../../src/client/wire/problem.ts';
import { type ServiceUnderTest, openService } from '../http/service-under-test.ts';
import { settle } from '../support/manual-clock.ts';
import { collect, driveUntil, failureOf } from './client-under-test.ts';

const ORIGIN = 'https://flowtap.example';
const HOME = 'arn:aws:states:us-west-2:123456789012';
const DOOR = `${HOME}:stateMachine:Door`;

let service: ServiceUnderTest;
let client: FlowtapClient;
/** While true, all connections fail. */
let isCut: boolean;
beforeEach(async () => {
  service = await openService();
  isCut = false;
  client = clientWith(await service.key({}));
});

const clientWith = (apiKey: string) =>
  createFlowtapClient({
    url: ORIGIN,
    apiKey,
    clock: service.clock,
    random: () => 0.5,
    fetch: async (url, init) => {
      if (isCut) throw new TypeError('fetch failed');
      return service.fetch(url.slice(ORIGIN.length), init);
    },
  });
const until = <T>(promise: Promise<T>) => driveUntil(service.clock, promise);
const ago = (ms: number) => service.clock.now() - ms;
const namesOf = (executions: readonly { readonly name?: string }[]) => executions.map(({ name }) => name);

describe('a list of executions', () => {
  test('yields each matching execution once, newest first, with any page size', async () => {
    await service.runs(
      DOOR,
      Array.from({ length: 60 }, (_, n) => ({
        name: `${n % 2 === 0 ? 'even' : 'odd'}-${n}`,
        startedAt: ago(60_000 * (n + 1)),
        ...(n % 3 === 0 && { endedAt: ago(60_000 * n + 30_000), status: 'FAILED' }),
      })),
    );
    const all = await until(collect(client.executions({ flow: DOOR, maxResults: 7 })));
    expect(namesOf(all)).toEqual(
      Array.from({ length: 60 }, (_, n) => `${n % 2 === 0 ? 'even' : 'odd'}-${n}`),
    );
    expect(all[3]).toMatchObject({
      flowExecutionId: `${HOME}:execution:Door:odd-3`,
      flow: DOOR,
      source: 'step-functions',
      status: 'FAILED',
      durationMs: 30_000,
      archived: false,
      final: false,
    });
    const some = client.executions({
      flow: DOOR,
      status: ['FAILED', 'ABORTED'],
      namePrefix: 'odd',
      startedAfter: new Date(ago(60_000 * 20)),
      startedBefore: new Date(ago(60_000 * 5)).toISOString(),
    });
    expect(namesOf(await until(collect(some)))).toEqual(['odd-9', 'odd-15']);
    const running = client.executions({ flow: DOOR, status: 'RUNNING', maxResults: 2 });
    expect(namesOf(await until(collect(running)))).toHaveLength(40);
  });

  test('can be read as pages, and continued after each page', async () => {
    await service.runs(
      DOOR,
      Array.from({ length: 5 }, (_, n) => ({ name: `run-${n}`, startedAt: ago(60_000 * (n + 1)) })),
    );
    const wish = { flow: DOOR, maxResults: 2 };
    const pages = await until(collect(client.executions(wish).pages()));
    expect(pages.map(({ executions }) => namesOf(executions))).toEqual([
      ['run-0', 'run-1'],
      ['run-2', 'run-3'],
      ['run-4'],
    ]);
    const cursor = pages[1]?.nextToken ?? '';
    expect(namesOf(await until(collect(client.executions({ ...wish, cursor }))))).toEqual(['run-4']);
  });

  test('includes archived executions, even those without a flow', async () => {
    const body = { messageId: 'm0', eventType: 'EXECUTION_SUCCEEDED' };
    const imported = await service.admin('PUT', '/executions/a-plain-id/messages', body);
    expect(imported.status).toBe(200);
    const listed = await until(collect(client.executions({ source: 'things-graph' })));
    expect(listed).toMatchObject([
      { flowExecutionId: 'a-plain-id', source: 'things-graph', archived: true, final: true },
    ]);
  });

  test('throws the service’s problem for a flow that the key may not read', async () => {
    const other = clientWith(await service.key({ executions: [`${HOME}:execution:Window:*`] }));
    const failure = await until(failureOf(collect(other.executions({ flow: DOOR }))));
    expect(failure).toBeInstanceOf(FlowtapProblem);
    expect(failure).toMatchObject({ status: 403, code: 'AccessDeniedException' });
  });
});

test('flows of the upstream are sorted by name', async () => {
  const names = Array.from({ length: 5 }, (_, n) => `Flow${n}`);
  for (const name of names)
    await service.runs(`${HOME}:stateMachine:${name}`, [{ name: 'one', startedAt: ago(60_000) }]);
  const flows = await until(client.flows());
  expect(flows.filter(({ name }) => names.includes(name))).toEqual(
    names.map((name) => ({ flow: `${HOME}:stateMachine:${name}`, source: 'step-functions', name })),
  );
});

describe('a live list', () => {
  /** Collects events until `stop` is called. */
  function follow(options: FollowExecutionsOptions = {}) {
    const events: ExecutionsEvent[] = [];
    const stopping = new AbortController();
    const reading = (async () => {
      for await (const event of client.followExecutions({ flow: DOOR, signal: stopping.signal, ...options }))
        events.push(event);
    })();
    reading.catch(() => {});
    return {
      events,
      reading,
      stop: () => stopping.abort(new Error('enough')),
      get seen() {
        return events.flatMap((event) =>
          event.type === 'execution' ? [`${event.execution.name} ${event.execution.status}`] : [event.type],
        );
      },
    };
  }

  test('yields the list, then changes and heartbeats, until its signal aborts', async () => {
    const now = service.clock.now();
    await service.runs(DOOR, [
      { name: 'one', startedAt: ago(60_000), endedAt: now + 30_000 },
      { name: 'two', startedAt: now + 10_000 },
    ]);
    const list = follow();
    await settle();
    await service.clock.advance(90_000);
    expect(list.seen.filter((what) => what !== 'heartbeat')).toEqual([
      'one RUNNING',
      'caught-up',
      'two RUNNING',
      'one SUCCEEDED',
    ]);
    expect(list.events.find(({ type }) => type === 'heartbeat')).toMatchObject({
      upstream: 'ok',
      pollIntervalMs: expect.any(Number),
    });
    list.stop();
    await expect(list.reading).rejects.toThrow('enough');
  });

  test('yields the current list again after a lost connection', async () => {
    const now = service.clock.now();
    await service.runs(DOOR, [{ name: 'one', startedAt: ago(60_000), endedAt: now + 30_000 }]);
    const list = follow();
    await settle();
    isCut = true;
    // Longer than the lifetime of a stream.
    await service.clock.advance(20 * 60_000);
    expect(list.seen).toContain('reconnecting');
    isCut = false;
    await service.clock.advance(60_000);
    const reconnected = list.seen.lastIndexOf('reconnecting');
    expect(list.seen.slice(reconnected + 1, reconnected + 3)).toEqual(['one SUCCEEDED', 'caught-up']);
    list.stop();
  });

  test('throws immediately if refused, and throws the last error after failing for giveUpAfterMs', async () => {
    const refused = follow({ flow: `${DOOR}:1` });
    await expect(until(refused.reading)).rejects.toMatchObject({ status: 400 });
    isCut = true;
    const lost = follow({ giveUpAfterMs: 60_000 });
    await expect(until(lost.reading)).rejects.toThrow('Cannot reach https://flowtap.example');
  });
});

test('children are executions with the step that started them', async () => {
  const id = scenarioArn('Nested', ago(3_600_000), '69b151ad-a611-42f5-ac21-fe537f9868ad');
  const children = await until(collect(client.children(id, { maxResults: 1 })));
  expect(children.length).toBeGreaterThan(1);
  expect(children[0]).toMatchObject({
    flowExecutionId: expect.stringContaining(':execution:'),
    step: expect.any(String),
    source: 'step-functions',
  });
  expect(new Set(children.map(({ flowExecutionId }) => flowExecutionId)).size).toBe(children.length);
});
