/**
 * Applies messages of Things Graph to the tree of steps. An activity or thing action is an attempt of its
 * step. A message without a step's name belongs to the open step if there is exactly one, and otherwise to
 * the execution.
 */
import type { FlowMessage } from '../wire/wire.ts';
import type { Node, TreeDraft } from './step-tree.ts';

/** Returns the node that the message is about. */
export function applyThingsGraphMessage(draft: TreeDraft, message: FlowMessage): Node {
  const { step, timestamp, error } = message;
  const eventType: string = message.eventType ?? '';
  if (eventType === 'STEP_STARTED') return draft.add(draft.root, 'step', step ?? '', timestamp);
  if (!/^(?:STEP|ACTIVITY|THING_ACTION)_|^ACKNOWLEDGE/.test(eventType)) return draft.root;
  const node = openStep(draft, step) ?? unseenStep(draft, step);
  if (!node) return draft.root;
  switch (eventType) {
    case 'STEP_SUCCEEDED':
      draft.close(node, 'SUCCEEDED', timestamp);
      break;
    case 'STEP_FAILED':
      draft.endAttempt(node, 'failed', timestamp, error);
      draft.close(node, 'FAILED', timestamp);
      break;
    case 'ACTIVITY_SCHEDULED':
    case 'THING_ACTION_TASK':
      draft.beginAttempt(node, timestamp);
      break;
    case 'ACTIVITY_FAILED':
    case 'THING_ACTION_TASK_FAILED':
      draft.endAttempt(node, 'failed', timestamp, error);
      break;
    case 'ACTIVITY_SUCCEEDED':
    case 'THING_ACTION_TASK_SUCCEEDED':
      draft.endAttempt(node, 'succeeded', timestamp);
      break;
    default:
  }
  return node;
}

const openStep = (draft: TreeDraft, step: string | undefined): Node | undefined =>
  step === undefined ? draft.onlyOpen(() => true) : draft.newestOpen(({ name }) => name === step);

/** Adds a step that started before the first message that we have. */
const unseenStep = (draft: TreeDraft, step: string | undefined): Node | undefined =>
  step === undefined ? undefined : draft.add(draft.root, 'step', step, undefined);
