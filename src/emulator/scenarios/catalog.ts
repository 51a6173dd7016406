/**
 * The scenarios, and the ids of their executions. An id determines the execution's whole history. It has the
 * form of a real Things Graph execution id: `urn:tdm:<region>/<account>/default:Workflow:<Scenario>_<start
 * time>_<trigger>_<uuid>`.
 */
import type { History } from '../history.ts';
import { abortedFlow } from './aborted-flow.ts';
import { cloudFlow } from './cloud-flow.ts';
import { endlessFlow } from './endless-flow.ts';
import { failingFlow } from './failing-flow.ts';
import { largeFlow } from './large-flow.ts';
import type { Scenario, ScenarioName } from './scenario.ts';
import { securityFlow } from './security-flow.ts';

export const SCENARIOS: readonly Scenario[] = [
  cloudFlow,
  securityFlow,
  failingFlow,
  abortedFlow,
  largeFlow,
  endlessFlow,
];

const ID =
  /^urn:tdm:[a-z0-9-]+\/\d{12}\/default:Workflow:([A-Za-z0-9]+)_(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z)_[A-Za-z0-9-]+_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/**
 * Returns the id of an execution of `scenario` that starts at `startMs` (milliseconds since the epoch), in the
 * past or future.
 */
export const scenarioId = (scenario: ScenarioName, startMs: number, trigger: string, uuid: string): string =>
  `urn:tdm:us-west-2/123456789012/default:Workflow:${scenario}_${new Date(startMs).toISOString()}_${trigger}_${uuid}`;

/** Returns the history of an execution. Undefined if the id belongs to no scenario. */
export function scenarioHistory(executionId: string): History | undefined {
  const [, name, start = '', uuid = ''] = ID.exec(executionId) ?? [];
  const startMs = Date.parse(start);
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  return scenario === undefined || Number.isNaN(startMs) ? undefined : scenario.history(startMs, uuid);
}
