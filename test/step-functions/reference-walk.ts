/**
 * A reference implementation that derives step, error and iteration of each event in the simplest way: it
 * walks back along previousEventId. It shares no code with src/. Tests compare its results with those of
 * src/.
 */
interface AnyEvent {
  readonly id: number;
  readonly type: string;
  readonly previousEventId?: number | null | undefined;
}

interface Details {
  readonly name?: string;
  readonly index?: number;
  readonly state?: string;
  readonly error?: string;
}

export interface Reference {
  readonly step?: string;
  readonly error?: string;
  readonly iteration?: number;
}

export function referenceWalk(events: readonly AnyEvent[]): Reference[] {
  const details = (event: AnyEvent): Details =>
    Object(Object.entries(event).find(([name]) => name.endsWith('EventDetails'))?.[1]);
  const byId = new Map(events.map((event) => [event.id, event]));
  const before = (event: AnyEvent) => byId.get(event.previousEventId ?? 0);
  /**
   * The states that are open after an event, the innermost last: a map (`M:Map`), then its iteration
   * (`#2:Map`), then the states inside.
   */
  const openAfter = (event: AnyEvent | undefined): string[] => {
    if (!event) return [];
    const { name, index, state } = details(event);
    const open = openAfter(before(event));
    const upTo = (found: number, keep: number) => (found < 0 ? open : open.slice(0, found + keep));
    if (event.type.endsWith('StateEntered')) return [...open, `${event.type[0]}:${name}`];
    if (event.type.endsWith('StateExited'))
      return upTo(
        open.findLastIndex((each) => each.slice(2) === name),
        0,
      );
    if (event.type === 'MapIterationStarted')
      return [...upTo(open.lastIndexOf(`M:${name}`), 1), `#${index}:${name}`];
    if (event.type.startsWith('MapIteration')) {
      const own = open.lastIndexOf(`#${index}:${name}`);
      return own < 0 ? upTo(open.lastIndexOf(`M:${name}`), 1) : upTo(own, 0);
    }
    if (/^(Map|Parallel)State/.test(event.type))
      return upTo(
        open.findLastIndex((each) => each.startsWith(`${event.type[0]}:`)),
        1,
      );
    if (event.type === 'EvaluationFailed' && open.at(-1)?.slice(2) !== state) return [...open, `S:${state}`];
    return event.type.endsWith('StateAborted') ? open.slice(0, -1) : open;
  };
  return events.map((event) => {
    const { name, index, state, error } = details(event);
    const inside = /Entered$|IterationStarted$|^EvaluationFailed|^(Map|Parallel)State/.test(event.type);
    const open = openAfter(inside ? event : before(event));
    const own = event.type.endsWith('StateExited')
      ? open.findLastIndex((each) => each.slice(2) === name)
      : open.length - 1;
    const iterations = open.slice(0, own + 1).flatMap((each) => /^#(\d+):/.exec(each)?.[1] ?? []);
    const step = name ?? state ?? open.at(-1)?.replace(/^[^:]*:/, '');
    const iteration = event.type.startsWith('MapIteration') ? index : Number(iterations.at(-1) ?? NaN);
    return {
      ...(!event.type.startsWith('Execution') && step !== undefined && { step }),
      ...(/(Failed|TimedOut|Aborted)$/.test(event.type) && /^[\w.:-]{1,128}$/.test(error ?? '') && { error }),
      ...(!event.type.startsWith('Execution') && (iteration ?? NaN) >= 0 && { iteration }),
    };
  });
}
