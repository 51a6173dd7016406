/**
 * The upstreams that AWS's clients read through the Worker: our emulator, and a foreign one (foreign_upstream.py) that
 * shares no code with it. The foreign one finds mistakes that our emulator shares with our source.
 */
import { startEmulatorServer } from '../../src/emulator/server/node-server.ts';
import { SCENARIOS, scenarioHistory, scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { MODELLED_EXCEPTIONS, type ModelledException } from './aws-call.ts';
import { type Execution, FOREIGN_EXECUTIONS } from './foreign-histories.ts';
import { type ForeignHistory, startForeignUpstream } from './foreign-upstream.ts';
import { PYTHON, hasBoto3 } from '../support/installed.ts';
import { type Upstream, UPSTREAM_CREDENTIALS } from '../support/on-workerd.ts';

const UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';

/** An execution for which the upstream always answers with this exception. */
export interface Failing {
  readonly exception: ModelledException;
  readonly flowExecutionId: string;
  /** The body of a POST to /_emulator/faults that makes the emulator fail with this exception. */
  readonly faults?: Readonly<Record<string, unknown>>;
}

export interface UpstreamKind {
  /** The name in test titles. If the upstream can be missing, the name also says why its tests are skipped. */
  readonly name: string;
  readonly isMissing: boolean;
  readonly executions: readonly Execution[];
  readonly failing: readonly Failing[];
  start(): Promise<Upstream>;
}

export const EMULATOR: UpstreamKind = {
  name: 'our emulator',
  isMissing: false,
  executions: settledExecutions(),
  failing: [
    { exception: 'ResourceNotFoundException', flowExecutionId: 'unknown' },
    {
      exception: 'ThrottlingException',
      flowExecutionId: 'throttled',
      faults: { throttleRate: 1, executions: ['throttled'] },
    },
    {
      exception: 'InternalFailureException',
      flowExecutionId: 'failing',
      faults: { internalErrorRate: 1, executions: ['failing'] },
    },
  ],
  start: () => startEmulatorServer({ port: 0, credentials: UPSTREAM_CREDENTIALS }),
};

const FOREIGN_FAILING = MODELLED_EXCEPTIONS.map((exception) => ({
  exception,
  flowExecutionId: `refused:with/${exception}`,
}));

const FOREIGN_HISTORIES: Readonly<Record<string, ForeignHistory>> = Object.fromEntries([
  ...FOREIGN_EXECUTIONS.map(({ id, messages }) => [id, { messages }]),
  ...FOREIGN_FAILING.map(({ exception, flowExecutionId }) => [flowExecutionId, { exception }]),
]);

export const startForeign = () => startForeignUpstream(UPSTREAM_CREDENTIALS, FOREIGN_HISTORIES);

export const FOREIGN: UpstreamKind = {
  name: `a foreign upstream (skipped when ${PYTHON} has no boto3)`,
  isMissing: !hasBoto3(PYTHON),
  executions: FOREIGN_EXECUTIONS,
  failing: FOREIGN_FAILING,
  start: startForeign,
};

export const UPSTREAMS = [EMULATOR, FOREIGN];

/** Returns a page size that splits short histories into several pages, but long ones not into hundreds. */
export const pageSizeFor = ({ length }: Execution['messages']): number => (length > 300 ? 250 : 7);

/** Makes one execution of each scenario that ends, started an hour ago, with the messages that the emulator returns. */
function settledExecutions(): readonly Execution[] {
  const startMs = Date.now() - 3_600_000;
  return SCENARIOS.filter(({ durationMs }) => durationMs !== undefined && durationMs < 3_000_000).map(
    ({ name, trigger }) => {
      const id = scenarioId(name, startMs, trigger, UUID);
      const view = scenarioHistory(id)?.at(Date.now());
      if (view === undefined) throw new Error(`no history of ${name}`);
      return { id, messages: Array.from({ length: view.count }, (_, position) => view.message(position)) };
    },
  );
}
