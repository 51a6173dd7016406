/**
 * The tree of steps behind a StepsState: numbered nodes, and the numbers of the open ones. All parts are
 * immutable and shared between versions. A draft collects the changes of one message. step-functions-steps.ts
 * and things-graph-steps.ts interpret messages.
 */
import type { Status } from '../../messages/event-types.ts';
import { SparseVector } from './sparse-vector.ts';
import type { Step, StepKind } from './step.ts';

/** A linked list with the newest value first. Adding a value is cheap, and shares all earlier values. */
interface Chain<T> {
  readonly value: T;
  readonly length: number;
  readonly before: Chain<T> | undefined;
}

const linked = <T>(value: T, before: Chain<T> | undefined): Chain<T> => ({
  value,
  length: (before?.length ?? 0) + 1,
  before,
});

export interface Node {
  readonly id: number;
  /** Absent only for the root. */
  readonly parent?: number;
  readonly kind: StepKind;
  readonly name: string;
  readonly status: Status;
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly attempts: number;
  readonly error?: string | undefined;
  readonly caught: boolean;
  readonly children: Chain<number> | undefined;
  readonly messageIds: Chain<string> | undefined;
  /** True once a message has shown the beginning of the newest attempt. */
  readonly begun: boolean;
  /** How the newest attempt ended; undefined while it runs. */
  readonly attempt: 'succeeded' | 'failed' | undefined;
  readonly attemptEndedAt?: string | undefined;
  /** How the newest attempt's newest unsuccessful child ended. Caught failures do not count. */
  readonly childStatus?: 'FAILED' | 'ABORTED' | undefined;
  readonly childError?: string | undefined;
}

export interface Tree {
  readonly nodes: SparseVector<Node>;
  readonly count: number;
  /** Nodes that have not ended, oldest first, without the root. */
  readonly open: readonly number[];
}

export const ROOT = 0;

const ROOT_NODE: Node = {
  id: ROOT,
  kind: 'execution',
  name: '',
  status: 'RUNNING',
  attempts: 1,
  caught: false,
  children: undefined,
  messageIds: undefined,
  begun: false,
  attempt: undefined,
};

export const EMPTY_TREE: Tree = { nodes: new SparseVector<Node>().set(ROOT, ROOT_NODE), count: 1, open: [] };

export class TreeDraft {
  #nodes: SparseVector<Node>;
  #count: number;
  #open: readonly number[];

  constructor({ nodes, count, open }: Tree) {
    this.#nodes = nodes;
    this.#count = count;
    this.#open = open;
  }

  get tree(): Tree {
    return { nodes: this.#nodes, count: this.#count, open: this.#open };
  }

  get root(): Node {
    return this.at(ROOT);
  }

  at(id: number): Node {
    // Safety: only `add` creates ids, and it stores their nodes.
    return this.#nodes.get(id) as Node;
  }

  parentOf({ parent = ROOT }: Node): Node {
    return this.at(parent);
  }

  isOpen = ({ id }: Node): boolean => this.at(id).status === 'RUNNING';

  /** The newest open node that fits. */
  newestOpen(fits: (node: Node) => boolean): Node | undefined {
    for (let index = this.#open.length - 1; index >= 0; index--) {
      const node = this.at(this.#open[index] ?? ROOT);
      if (fits(node)) return node;
    }
    return undefined;
  }

  /** The only open node that fits; undefined if several fit, or none. */
  onlyOpen(fits: (node: Node) => boolean): Node | undefined {
    const found = this.#open.map((id) => this.at(id)).filter(fits);
    return found.length === 1 ? found[0] : undefined;
  }

  /** The nearest node that fits: the node itself or one above it. */
  around(node: Node, fits: (node: Node) => boolean): Node | undefined {
    for (let next: Node | undefined = node; next; next = next.id === ROOT ? undefined : this.parentOf(next)) {
      if (fits(next)) return next;
    }
    return undefined;
  }

  isWithin(node: Node, id: number): boolean {
    return this.around(node, (above) => above.id === id) !== undefined;
  }

  /**
   * The newest ended, unsuccessful node below `node` that fits. Skips nodes that succeeded or were caught.
   */
  newestUnsuccessful(node: Node, fits: (node: Node) => boolean): Node | undefined {
    for (let link = node.children; link; link = link.before) {
      const child = this.at(link.value);
      if (child.status === 'SUCCEEDED' || child.caught) continue;
      const found = this.newestUnsuccessful(child, fits);
      if (found) return found;
      if (child.status !== 'RUNNING' && fits(child)) return child;
    }
    return undefined;
  }

  childCount = ({ children }: Node): number => children?.length ?? 0;

  add(parent: Node, kind: StepKind, name: string, startedAt: string | undefined): Node {
    const node: Node = { ...ROOT_NODE, id: this.#count++, parent: parent.id, kind, name, startedAt };
    this.#nodes = this.#nodes.set(node.id, node);
    this.#open = [...this.#open, node.id];
    this.update(parent, { children: linked(node.id, this.at(parent.id).children) });
    return node;
  }

  /** Replaces the node, and copies all nodes above it. So nodes that callers hold never change. */
  update({ id }: Node, changes: Partial<Node>): Node {
    const node = { ...this.at(id), ...changes };
    this.#nodes = this.#nodes.set(id, node);
    for (let above = node; above.id !== ROOT;) {
      above = { ...this.parentOf(above) };
      this.#nodes = this.#nodes.set(above.id, above);
    }
    return node;
  }

  addMessage({ id }: Node, messageId: string | undefined): void {
    const node = this.at(id);
    if (messageId === undefined) return;
    this.update(node, { messageIds: linked(messageId, node.messageIds) });
  }

  /** Begins an attempt. Ends all nodes that are still open from the previous attempt. */
  beginAttempt({ id }: Node, at: string | undefined): void {
    const node = this.at(id);
    const isRetry = node.attempt === 'failed' || node.kind === 'parallel' || node.kind === 'map';
    if (!node.begun) this.update(node, { begun: true });
    else if (isRetry) {
      this.closeBelow(node, 'FAILED', at);
      this.update(node, { ...NEW_ATTEMPT, begun: true, attempts: node.attempts + 1 });
    }
  }

  endAttempt({ id }: Node, attempt: 'succeeded' | 'failed', at: string | undefined, error?: string): void {
    const node = this.at(id);
    this.update(node, {
      attempt,
      attemptEndedAt: at,
      error: attempt === 'failed' ? (error ?? node.childError ?? node.error) : undefined,
    });
  }

  /** Ends the node and everything open below it. */
  close({ id }: Node, status: Exclude<Status, 'RUNNING'>, at: string | undefined, caught = false): void {
    this.closeBelow(this.at(id), status, at);
    this.#end(this.at(id), status, at, caught);
  }

  #end({ id }: Node, status: Exclude<Status, 'RUNNING'>, at: string | undefined, caught = false): void {
    const node = this.at(id);
    const failed = status === 'FAILED';
    this.#open = this.#open.filter((open) => open !== id);
    this.update(node, {
      status,
      caught,
      endedAt: at,
      attempt: status === 'SUCCEEDED' ? 'succeeded' : 'failed',
      error: failed ? (node.error ?? node.childError) : undefined,
    });
    if (id === ROOT || status === 'SUCCEEDED' || caught) return;
    this.update(this.parentOf(node), { childStatus: status, childError: this.at(id).error });
  }

  /** Ends everything that is open below the node. `status` is how the node itself ended. */
  closeBelow({ id, children }: Node, status: Exclude<Status, 'RUNNING'>, at: string | undefined): void {
    if (!children) return;
    // Newest first. Children are newer than their parents, so they end before their parents.
    const open = this.#open;
    for (let index = open.length - 1; index >= 0; index--) {
      const node = this.at(open[index] ?? ROOT);
      if (node.id === id || !this.isWithin(node, id)) continue;
      if (status !== 'SUCCEEDED') this.#endUnfinished(node, at);
      // The surrounding node succeeded in spite of this failure, so the failure counts as caught.
      else if (node.attempt === 'failed') this.#end(node, 'FAILED', node.attemptEndedAt ?? at, true);
      else this.#end(node, 'SUCCEEDED', this.#lastEndOf(node) ?? at);
    }
  }

  /** Ends a node whose own end no message reported. A node that contains it ended without success. */
  #endUnfinished(node: Node, at: string | undefined): void {
    if (node.attempt === 'failed') this.#end(node, 'FAILED', node.attemptEndedAt ?? at);
    else if (node.childStatus === 'FAILED') this.#end(node, 'FAILED', this.#lastEndOf(node) ?? at);
    // No message marks the end of a branch.
    else if (node.kind === 'branch' && node.childStatus === undefined) {
      this.#end(node, 'SUCCEEDED', this.#lastEndOf(node) ?? at);
    } else this.#end(node, 'ABORTED', at);
  }

  #lastEndOf({ kind, children }: Node): string | undefined {
    return kind === 'branch' && children ? this.at(children.value).endedAt : undefined;
  }

  /** Reopens the node and all nodes that contain it, because they run again. */
  reopen({ id }: Node): void {
    const node = this.at(id);
    if (node.status === 'RUNNING') return;
    if (id !== ROOT) {
      this.reopen(this.parentOf(node));
      this.#open = [...this.#open, id].sort((left, right) => left - right);
    }
    this.update(node, { status: 'RUNNING', caught: false, endedAt: undefined, ...NEW_ATTEMPT });
  }

  /** Reopens an ended node for another attempt. */
  redrive(node: Node): Node {
    this.reopen(node);
    return this.update(node, { attempts: node.attempts + 1 });
  }
}

const NEW_ATTEMPT: Partial<Node> = {
  begun: false,
  attempt: undefined,
  attemptEndedAt: undefined,
  error: undefined,
  childStatus: undefined,
  childError: undefined,
};

/** Caches the step of each node. Nodes never change. */
const steps = new WeakMap<Node, Step>();

export function stepOf(tree: Tree, id: number = ROOT): Step {
  // Safety: only `add` creates ids, and it stores their nodes.
  const node = tree.nodes.get(id) as Node;
  const known = steps.get(node);
  if (known) return known;
  const { kind, name, status, startedAt, endedAt, attempts, error, caught } = node;
  const durationMs = Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '');
  const step: Step = Object.freeze({
    name,
    kind,
    status,
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(durationMs >= 0 && { durationMs }),
    attempts,
    ...(error !== undefined && { error }),
    caught,
    children: Object.freeze(oldestFirst(node.children).map((child) => stepOf(tree, child))),
    messageIds: Object.freeze(oldestFirst(node.messageIds)),
  });
  steps.set(node, step);
  return step;
}

function oldestFirst<T>(chain: Chain<T> | undefined): T[] {
  const values = Array.from<T>({ length: chain?.length ?? 0 });
  let index = values.length;
  for (let link = chain; link; link = link.before) values[--index] = link.value;
  return values;
}
