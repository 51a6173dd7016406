/**
 * Turns an execution's messages, one at a time, into its steps. Pure, and independent of the platform. Needs
 * no payloads, so it works for keys with the access `names`.
 */
import { type Status, statusAfter } from '../../messages/event-types.ts';
import type { FlowMessage } from '../wire/wire.ts';
import { SparseVector } from './sparse-vector.ts';
import type { Step } from './step.ts';
import { applyStepFunctionsMessage } from './step-functions-steps.ts';
import { EMPTY_TREE, type Node, ROOT, type Tree, TreeDraft, stepOf } from './step-tree.ts';
import { applyThingsGraphMessage } from './things-graph-steps.ts';

/** Immutable. Any state can be stored, compared with `===`, and continued from. */
export class StepsState {
  readonly #tree: Tree;
  /** Only for Step Functions: the node that each message is about, by the message's id. */
  readonly #nodeByMessage: SparseVector<number>;

  private constructor(tree: Tree, nodeByMessage: SparseVector<number>) {
    this.#tree = tree;
    this.#nodeByMessage = nodeByMessage;
  }

  static readonly empty = new StepsState(EMPTY_TREE, new SparseVector());

  /**
   * The execution, with its steps as `children`. Each read builds only the steps that changed after the last
   * read. So one read per frame is cheaper than one per message.
   */
  get execution(): Step {
    return stepOf(this.#tree);
  }

  after(message: FlowMessage): StepsState {
    const { messageId, eventType, timestamp, upstreamType, previousMessageId } = message;
    const draft = new TreeDraft(this.#tree);
    const previous = this.#nodeOf(draft, previousMessageId);
    const status = statusAfter(eventType);
    if (status === 'RUNNING') draft.reopen(draft.root);
    const node =
      upstreamType === undefined
        ? applyThingsGraphMessage(draft, message)
        : applyStepFunctionsMessage(draft, message, previous);
    if (eventType === 'EXECUTION_STARTED') draft.update(draft.root, { startedAt: timestamp });
    if (upstreamType === 'ExecutionFailed' && previous) fail(draft, previous, message);
    if (status !== 'RUNNING') end(draft, status, message);
    draft.addMessage(node, messageId);
    const index = upstreamType === undefined ? undefined : indexOf(messageId);
    return new StepsState(
      draft.tree,
      index === undefined ? this.#nodeByMessage : this.#nodeByMessage.set(index, node.id),
    );
  }

  #nodeOf(draft: TreeDraft, messageId: string | undefined): Node | undefined {
    const index = indexOf(messageId);
    const id = index === undefined ? undefined : this.#nodeByMessage.get(index);
    return id === undefined ? undefined : draft.at(id);
  }
}

/**
 * Adds the error of the execution's last message to the node that caused the end. The node's own message
 * might lack the error, as a Fail state's message does.
 */
function fail(draft: TreeDraft, { id }: Node, { timestamp, error }: FlowMessage): void {
  const node = draft.at(id);
  if (id === ROOT) return;
  const failed = node.status === 'FAILED' || node.attempt === 'failed';
  if (!failed && draft.isOpen(node)) draft.endAttempt(node, 'failed', timestamp, error);
  else if (failed && node.error === undefined) draft.update(node, { error });
}

function end(draft: TreeDraft, status: Exclude<Status, 'RUNNING'>, { timestamp, error }: FlowMessage): void {
  draft.closeBelow(draft.root, status, timestamp);
  if (status === 'FAILED' && error !== undefined) draft.update(draft.root, { error });
  draft.close(draft.root, status, timestamp);
}

/** Message ids of Step Functions are whole numbers from 1. Other ids are not looked up. */
const indexOf = (messageId: string | undefined): number | undefined =>
  messageId !== undefined && /^\d{1,9}$/.test(messageId) ? Number(messageId) : undefined;

/**
 * The state after one more message. Pass `undefined` as the state before the first message, and again after a
 * `reset` event.
 */
export const stepsReducer = (state: StepsState | undefined, message: FlowMessage): StepsState =>
  (state ?? StepsState.empty).after(message);

/** The execution and its steps after these messages. */
export function toSteps(messages: Iterable<FlowMessage>): Step {
  let state = StepsState.empty;
  for (const message of messages) state = stepsReducer(state, message);
  return state.execution;
}
