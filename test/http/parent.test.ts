/**
 * The member `parent` in the summary of an execution of Step Functions. Tests the whole service with the emulator as
 * its upstream.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { parseAllowedAccounts } from '../../src/sources/step-functions/allowed-accounts.ts';
import { type ServiceUnderTest, openService } from './service-under-test.ts';

const UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';
const HOUR_MS = 3_600_000;

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService({
    stepFunctionsAllowed: parseAllowedAccounts('us-west-2:123456789012') ?? new Set(),
  });
});

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

async function firstChildOf(parent: string): Promise<string> {
  const response = await service.get(`/v1/executions/${encodeURIComponent(parent)}/children`);
  // Safety: the route answers in this shape.
  const { executions } = (await response.json()) as { executions: { flowExecutionId: string }[] };
  return executions[0]?.flowExecutionId ?? '';
}

describe('the parent in a summary', () => {
  const summary = async (id: string, headers: Record<string, string> = {}) =>
    (await (await service.get(`/v1/executions/${encodeURIComponent(id)}`, headers)).json()) as object;

  test('is the execution that started this one, before and after archiving', async () => {
    const parent = scenarioArn('Nested', service.clock.now() - HOUR_MS, UUID);
    const id = await firstChildOf(parent);
    expect(await summary(id)).toMatchObject({ parent, status: 'SUCCEEDED' });
    await service.clock.advance(60_000);
    expect(await summary(id)).toMatchObject({ parent, final: true });
    expect(await summary(parent)).not.toHaveProperty('parent');
  });

  test('is absent for a ticket, and for a key that may not read the parent', async () => {
    const parent = scenarioArn('Nested', service.clock.now() - HOUR_MS, UUID);
    const id = await firstChildOf(parent);
    const narrow = await service.key({ executions: [id] });
    expect(await summary(id, bearer(narrow))).not.toHaveProperty('parent');
    const created = await service.fetch(`/v1/executions/${encodeURIComponent(id)}/tickets`, {
      method: 'POST',
      headers: { ...bearer(await service.key({ tickets: true })), 'Content-Type': 'application/json' },
      body: '{}',
    });
    const { ticket } = (await created.json()) as { ticket: string };
    const seen = await service.fetch(`/v1/executions/${encodeURIComponent(id)}?ticket=${ticket}`);
    expect(seen.status).toBe(200);
    expect(await seen.json()).not.toHaveProperty('parent');
  });
});
