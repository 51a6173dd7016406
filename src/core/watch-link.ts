/**
 * Links to the viewer, `/watch#execution=…&ticket=…`. Execution and ticket are in the fragment, which
 * browsers never send, so that no log and no referrer contains a ticket. Shared by the command, `npm start`
 * and the page itself.
 */

/** What a link opens. Without an execution: the list. */
export interface WatchTarget {
  readonly execution?: string;
  readonly ticket?: string;
  /** The id of a message to scroll to. */
  readonly message?: string;
}

/** `base` is the service's address, with or without a slash at the end. */
export const watchLink = (base: string, target: WatchTarget): string =>
  `${base.replace(/\/+$/, '')}/watch${watchFragment(target)}`;

/** `#execution=…&ticket=…`, or nothing. Readable ids: a fragment may contain `:` and `/`. */
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
