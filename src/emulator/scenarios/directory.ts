/**
 * The state machines and map runs of the emulator, and the executions that belong to each: those that the
 * control API scripted, those of the schedule (schedule.ts) if it is on, and the children of scenario map runs.
 * The list operations read this directory.
 */
import { createHash } from 'node:crypto';
import type { History, WireEvent } from '../history.ts';
import type { Caller } from '../operation.ts';
import { scheduledRuns } from './schedule.ts';
import { scenarioMapRun, scenarioMapRunOf } from './step-functions-catalog.ts';
import { STATE_MACHINES } from './step-functions-machines.ts';

export type MachineType = 'STANDARD' | 'EXPRESS';

export interface Machine {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly type: MachineType;
}

export interface ListedExecution {
  readonly executionArn: string;
  readonly startMs: number;
  /** Determines the order of executions that start in the same millisecond. */
  readonly tie: number;
}

/** AWS's order: newest start first. */
const inListOrder = (a: ListedExecution, b: ListedExecution): number =>
  b.startMs - a.startMs || a.tie - b.tie;

/** A state machine or map run, with its scripted executions. */
interface Listed {
  readonly type: MachineType;
  readonly executions: Map<string, ListedExecution>;
  /** The executions in list order. Absent after a change, until they are sorted again. */
  sorted?: readonly ListedExecution[];
}

const MACHINE = /^arn:aws[a-z-]*:states:([a-z0-9-]+:\d{12}):stateMachine:([^\s:/]+)$/;
const MACHINE_OF_EXECUTION = /^(arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}):execution:([^\s:/]+)/;

export class Directory {
  readonly #scheduled: boolean;
  readonly #lists = new Map<string, Listed>();
  readonly #mapRuns = new Map<string, string>();

  /** If `scheduled` is true, executions start regularly (schedule.ts). */
  constructor(scheduled: boolean) {
    this.#scheduled = scheduled;
  }

  /** Creates a state machine or a map run. */
  create(arn: string, type: MachineType = 'STANDARD'): void {
    const executions = this.#lists.get(arn)?.executions ?? new Map();
    this.#lists.set(arn, { type, executions });
  }

  /**
   * Adds an execution to the list of its map run or state machine. An execution without events has no start, so
   * it is not added.
   */
  add(executionArn: string, history: History<WireEvent> | undefined, mapRunArn?: string): void {
    const [, home, machine] = MACHINE_OF_EXECUTION.exec(executionArn) ?? [];
    const view = history?.at(Infinity);
    if (home === undefined || !view?.count) return;
    const of = mapRunArn ?? this.#mapRuns.get(executionArn) ?? `${home}:stateMachine:${machine}`;
    if (mapRunArn !== undefined) this.#mapRuns.set(executionArn, mapRunArn);
    if (!this.#lists.has(of)) this.create(of);
    const startMs = Math.round(view.message(0).timestamp * 1000);
    const list = this.#lists.get(of);
    list?.executions.set(executionArn, listed(executionArn, startMs));
    delete list?.sorted;
  }

  clear(): void {
    this.#lists.clear();
    this.#mapRuns.clear();
  }

  /** The map run that started this execution. */
  mapRunOf(executionArn: string): string | undefined {
    return this.#mapRuns.get(executionArn) ?? scenarioMapRunOf(executionArn);
  }

  /** Returns the state machines of an account and region by name, including those of the scenarios. */
  machinesOf({ region, account }: Caller): Machine[] {
    const place = `${region}:${account}`;
    const scenarios = STATE_MACHINES.map(({ name }) => ({
      stateMachineArn: `arn:aws:states:${place}:stateMachine:${name}`,
      name,
      type: 'STANDARD' as const,
    }));
    const created = [...this.#lists].flatMap(([stateMachineArn, { type }]) => {
      const [, of, name = ''] = MACHINE.exec(stateMachineArn) ?? [];
      return of === place ? [{ stateMachineArn, name, type }] : [];
    });
    const all = new Map([...scenarios, ...created].map((machine) => [machine.stateMachineArn, machine]));
    return [...all.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Returns the type of a state machine. Undefined if the state machine does not exist. */
  typeOf(stateMachineArn: string): MachineType | undefined {
    return this.#lists.get(stateMachineArn)?.type ?? (scenarioMachine(stateMachineArn) && 'STANDARD');
  }

  /**
   * Returns all executions of a state machine or map run, newest start first, including those that start in
   * the future. Undefined if the state machine or map run does not exist.
   */
  executionsOf(arn: string, nowMs: number): readonly ListedExecution[] | undefined {
    const own = this.#sorted(arn);
    const scenario = scenarioMapRun(arn) ?? this.#scheduledRuns(arn, nowMs);
    if (!scenario) return own;
    const runs = scenario.map(({ executionArn, startMs }) => listed(executionArn, startMs));
    return [...(own ?? []), ...runs].toSorted(inListOrder);
  }

  #sorted(arn: string): readonly ListedExecution[] | undefined {
    const list = this.#lists.get(arn);
    return list && (list.sorted ??= [...list.executions.values()].toSorted(inListOrder));
  }

  /**
   * Returns the scheduled runs of a state machine. Empty if the schedule is off. Undefined if `arn` does not
   * name a state machine of the scenarios.
   */
  #scheduledRuns(arn: string, nowMs: number) {
    const [, place = ''] = MACHINE.exec(arn) ?? [];
    const machine = scenarioMachine(arn);
    return machine && (this.#scheduled ? scheduledRuns(machine, place, nowMs) : []);
  }
}

const scenarioMachine = (arn: string) =>
  STATE_MACHINES.find(({ name }) => name === MACHINE.exec(arn)?.[2])?.name;

const listed = (executionArn: string, startMs: number): ListedExecution => ({
  executionArn,
  startMs,
  tie: createHash('sha256').update(executionArn).digest().readUInt32BE(),
});
