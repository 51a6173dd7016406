/**
 * Links to the viewer, `/watch#execution=…&ticket=…`. The execution and the ticket are in the fragment, which
 * browsers never send. So no log and no referrer contains a ticket. The `flowtap` command, `npm start` and
 * the page itself use this file.
 */

/** What a link opens: an execution or, without one, the list of executions. */
export interface WatchTarget {
  readonly execution?: string;
  readonly ticket?: string;
  /** The id of a message to scroll to. */
  readonly message?: string;
}

/** `base` is the service's address, with or without a slash at the end. */
export const watchLink = (base: string, target: WatchTarget): string =>
  `${base.replace(/\/+$/, '')}/watch${watchFragment(target)}`;

/**
 * `#execution=…&ticket=…`, or '' for an empty target. Keeps `:` and `/`, which fragments may contain, so that
 * ids stay readable.
 */
export function watchFragment(target: WatchTarget): string {
  const { execution, ticket, message } = target;
  const members = Object.entries({ execution, ticket, message }).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`${name}=${encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%2F', '/')}`],
  );
  return members.length === 0 ? '' : `#${members.join('&')}`;
}

/** Reads the fragment of the page's address, with or without `#`. Empty members count as absent. */
export function parseWatchFragment(fragment: string): WatchTarget {
  const members = new URLSearchParams(fragment.replace(/^#/, ''));
  const member = (name: keyof WatchTarget) => {
    const value = members.get(name);
    return value === null || value === '' ? {} : { [name]: value };
  };
  return { ...member('execution'), ...member('ticket'), ...member('message') };
}
