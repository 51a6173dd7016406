/**
 * Applies messages of Step Functions to the tree of steps. Each message names the earlier message that led to
 * it, which distinguishes parallel branches. That earlier message is unknown if the history is read from its
 * middle, after a redrive, or if the key must not see names. In these cases the message is applied to the
 * open step that it names, or to a new step without a start.
 */
import { isUpstreamFailure } from '../../messages/event-types.ts';
import type { FlowMessage } from '../wire/wire.ts';
import type { StepKind } from './step.ts';
import { type Node, ROOT, type TreeDraft } from './step-tree.ts';

/** The kind of a state, by the prefix of its event types. */
const STATE_KINDS: Readonly<Record<string, StepKind>> = {
  Task: 'task',
  Pass: 'pass',
  Choice: 'choice',
  Wait: 'wait',
  Succeed: 'succeed',
  Fail: 'fail',
  Parallel: 'parallel',
  Map: 'map',
};
/** `TaskStateEntered`, `ParallelStateFailed` */
const STATE_EVENT = /^([A-Z][a-z]+)State(Entered|Exited|Started|Succeeded|Failed|Aborted)$/;
const ITERATION_EVENT = /^MapIteration(Started|Succeeded|Failed|Aborted)$/;

const ITERATION_STATUS = { Succeeded: 'SUCCEEDED', Failed: 'FAILED', Aborted: 'ABORTED' } as const;

/**
 * `previous` is the node of the preceding message on the same branch. Returns the node that this message is
 * about.
 */
export function applyStepFunctionsMessage(
  draft: TreeDraft,
  message: FlowMessage,
  previous: Node | undefined,
): Node {
  return new Application(draft, message, previous).run();
}

/** Applies one message to the tree. */
class Application {
  readonly #draft: TreeDraft;
  readonly #message: FlowMessage;
  readonly #previous: Node | undefined;

  constructor(draft: TreeDraft, message: FlowMessage, previous: Node | undefined) {
    this.#draft = draft;
    this.#message = message;
    this.#previous = previous;
  }

  run(): Node {
    const type = this.#message.upstreamType ?? '';
    if (type === 'ExecutionRedriven') return this.#draft.redrive(this.#draft.root);
    if (type.startsWith('Execution')) return this.#draft.root;
    const [, iterationEvent] = ITERATION_EVENT.exec(type) ?? [];
    if (iterationEvent !== undefined) return this.#iteration(iterationEvent);
    const [, stateType = '', stateEvent] = STATE_EVENT.exec(type) ?? [];
    if (stateEvent !== undefined) return this.#state(STATE_KINDS[stateType] ?? 'step', stateEvent);
    return this.#work(type);
  }

  #state(kind: StepKind, event: string): Node {
    const draft = this.#draft;
    const { timestamp, error } = this.#message;
    if (event === 'Entered') return this.#enter(kind);
    const node = this.#stateNode(kind);
    if (!draft.isOpen(node)) return node;
    switch (event) {
      case 'Started':
        draft.beginAttempt(node, timestamp);
        break;
      case 'Succeeded':
        draft.closeBelow(node, 'SUCCEEDED', timestamp);
        draft.endAttempt(node, 'succeeded', timestamp);
        break;
      case 'Failed':
        draft.closeBelow(node, 'FAILED', timestamp);
        draft.endAttempt(node, 'failed', timestamp, error);
        break;
      case 'Aborted':
        // AWS also sends `TaskStateAborted` for a task that failed.
        draft.close(node, node.attempt === 'failed' ? 'FAILED' : 'ABORTED', timestamp);
        break;
      case 'Exited':
        this.#exit(node);
    }
    return node;
  }

  #enter(kind: StepKind): Node {
    const draft = this.#draft;
    const { step = '', timestamp, error } = this.#message;
    const node = draft.add(this.#container(), kind, step, timestamp);
    if (kind === 'fail') {
      draft.endAttempt(node, 'failed', timestamp, error);
      draft.close(node, 'FAILED', timestamp);
    }
    return node;
  }

  /** Ends a state that was exited. Only a Catch lets a failed state exit. */
  #exit(node: Node): void {
    const draft = this.#draft;
    const { timestamp } = this.#message;
    const isUnclear = node.attempt === undefined && (node.kind === 'parallel' || node.kind === 'map');
    if (isUnclear && this.#hasFailure(node)) {
      draft.closeBelow(node, 'FAILED', timestamp);
      draft.endAttempt(node, 'failed', timestamp);
    }
    const failed = draft.at(node.id).attempt === 'failed';
    draft.close(node, failed ? 'FAILED' : 'SUCCEEDED', timestamp, failed);
  }

  #hasFailure(node: Node): boolean {
    const draft = this.#draft;
    const isFailure = (open: Node): boolean =>
      (open.attempt === 'failed' || open.childStatus !== undefined) && draft.isWithin(open, node.id);
    return draft.newestOpen(isFailure) !== undefined;
  }

  #iteration(event: string): Node {
    const draft = this.#draft;
    const { iteration, timestamp, error } = this.#message;
    if (event === 'Started') {
      const map = this.#stateNode('map');
      return draft.add(map, 'iteration', String(iteration ?? draft.childCount(map)), timestamp);
    }
    const { step } = this.#message;
    const fits = (node: Node): boolean =>
      node.kind === 'iteration' &&
      (iteration === undefined || node.name === String(iteration)) &&
      (step === undefined || draft.parentOf(node).name === step);
    const node =
      (this.#previous && draft.around(this.#previous, fits)) ??
      draft.newestOpen(fits) ??
      draft.add(this.#stateNode('map'), 'iteration', String(iteration ?? ''), undefined);
    if (!draft.isOpen(node)) return node;
    const status = event === 'Succeeded' || event === 'Aborted' ? ITERATION_STATUS[event] : 'FAILED';
    if (status === 'FAILED') {
      draft.closeBelow(node, status, timestamp);
      draft.endAttempt(node, 'failed', timestamp, error);
    }
    draft.close(node, status, timestamp);
    return node;
  }

  /**
   * Handles events of a state's work (Lambda functions, activities, service integrations, map runs) and of
   * its failures.
   */
  #work(type: string): Node {
    const draft = this.#draft;
    const { timestamp, error } = this.#message;
    const node = this.#stateNode(
      type.startsWith('MapRun') ? 'map' : type === 'EvaluationFailed' ? 'step' : 'task',
    );
    if (!draft.isOpen(node)) return node;
    // An attempt can fail before anything is scheduled.
    if (type === 'EvaluationFailed') draft.update(node, { begun: true });
    if (isUpstreamFailure(type)) draft.endAttempt(node, 'failed', timestamp, error);
    else if (type.endsWith('Succeeded')) draft.endAttempt(node, 'succeeded', timestamp);
    else if (type.endsWith('Scheduled')) draft.beginAttempt(node, timestamp);
    return node;
  }

  /** Returns the node of the state that the message is about. Adds the node if necessary. */
  #stateNode(kind: StepKind): Node {
    const draft = this.#draft;
    const { step } = this.#message;
    const previous = this.#previous;
    const isNamed = (node: Node): boolean => isState(node) && (step === undefined || node.name === step);
    const isOpenAndNamed = (node: Node): boolean => isNamed(node) && draft.isOpen(node);
    const isOpenOfKind = (node: Node): boolean =>
      (kind === 'parallel' || kind === 'map') && node.kind === kind && draft.isOpen(node);
    const above =
      previous && (draft.around(previous, isOpenAndNamed) ?? draft.around(previous, isOpenOfKind));
    // After one branch has failed, the other branches' ended states can still get events.
    const known = above ?? (previous && isNamed(previous) ? previous : undefined);
    if (known) return known;
    const open =
      draft.newestOpen((node) => isNamed(node) && this.#isOfIteration(node)) ?? draft.newestOpen(isNamed);
    if (open) return open;
    const redriven = draft.root.attempts > 1 ? draft.newestUnsuccessful(draft.root, isNamed) : undefined;
    if (redriven) return draft.redrive(redriven);
    // The state began before the first message that we have.
    return draft.add(this.#container(), kind, step ?? '', undefined);
  }

  /** The node in which a state is entered: the execution, a branch or an iteration. */
  #container(): Node {
    const draft = this.#draft;
    const { step } = this.#message;
    const previous = this.#previous;
    if (previous === undefined) return this.#likelyContainer();
    if (previous.id === ROOT && draft.root.attempts > 1) {
      const before = draft.newestUnsuccessful(draft.root, (node) => isState(node) && node.name === step);
      if (before) draft.reopen(draft.parentOf(before));
      return before ? draft.parentOf(before) : draft.root;
    }
    if (draft.isOpen(previous) && isLeaf(previous)) {
      const { kind } = draft.parentOf(previous);
      // A state starts only after the previous state of its branch has ended, so this state is in another
      // branch.
      if (kind === 'branch') return this.#likelyContainer();
      this.#exit(previous);
    }
    return this.#inside(draft.around(previous, (node) => draft.isOpen(node) && !isLeaf(node)) ?? draft.root);
  }

  /**
   * Adds a branch if `node` is a parallel state, because a state entered directly in it is the first one of a
   * branch.
   */
  #inside(node: Node): Node {
    if (node.kind !== 'parallel') return node;
    return this.#draft.add(node, 'branch', String(this.#draft.childCount(node)), this.#message.timestamp);
  }

  /**
   * Guesses the container if the preceding message is unknown: an open container that waits for its next
   * state.
   */
  #likelyContainer(): Node {
    const draft = this.#draft;
    const isWaiting = (node: Node): boolean =>
      node.kind === 'parallel' ||
      ((node.kind === 'branch' || node.kind === 'iteration') &&
        draft.newestOpen((open) => open.parent === node.id) === undefined);
    const { iteration } = this.#message;
    const isIteration = (node: Node): boolean =>
      node.kind === 'iteration' && iteration !== undefined && node.name === String(iteration);
    return this.#inside(draft.newestOpen(isIteration) ?? draft.newestOpen(isWaiting) ?? draft.root);
  }

  #isOfIteration(node: Node): boolean {
    const draft = this.#draft;
    const { iteration } = this.#message;
    const around = draft.around(draft.parentOf(node), ({ kind }) => kind === 'iteration');
    return iteration === undefined || around?.name === String(iteration);
  }
}

const NOT_STATES: ReadonlySet<StepKind> = new Set(['execution', 'branch', 'iteration']);
const isState = ({ kind }: Node): boolean => !NOT_STATES.has(kind);
const isLeaf = (node: Node): boolean => isState(node) && node.kind !== 'parallel' && node.kind !== 'map';
