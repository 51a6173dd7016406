/** `flowtap link <id>`: prints a link that shows one execution in a browser, without a key. */
import { TICKET_SECONDS_MAX } from '../core/ticket-seconds.ts';
import { watchLink } from '../core/watch-link.ts';
import { PAYLOAD_ACCESS, type PayloadAccess } from '../messages/payload-access.ts';
import { duration, executionId, oneOf, readArguments } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { connect } from './connect.ts';
import { EXIT } from './exit-code.ts';
import { dayOf, timeOf, timeZone } from '../core/local-time.ts';
import { jsonLine, oneLine } from './plain-text.ts';

const HELP = `Print a link that shows one execution in a browser: its steps, what failed and why, and its messages, live.

Usage: flowtap link <id> [options]

The link needs no key, and shows only this execution, until it expires. Browsers do not send the part after the #, which
contains the ticket. Your key needs the permission to create tickets.

      --ttl <duration>     how long the link works: 90s, 10m, 1h; default and maximum: 1h
      --payloads <level>   full, names or none; default: as the key. names: names of steps and errors, but no payloads
      --message <id>       scroll to this message
      --json               {"link", "expiresAt"}
      --url <address>      instead of FLOWTAP_URL

Exit codes: 0 the link was printed; 3 the service refused or could not be reached.

Examples:
  flowtap link "$ID"
  flowtap link "$ID" --ttl 10m --payloads names | pbcopy
`;

const SHOWN: Readonly<Record<PayloadAccess, string>> = {
  full: 'It shows payloads.',
  names: 'It shows names of steps and errors, but no payloads.',
  none: 'It shows neither payloads nor names of steps and errors.',
};

export const link: Command = {
  summary: 'print a link that shows an execution in a browser, without a key',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(
      words,
      {
        ttl: { type: 'string' },
        payloads: { type: 'string' },
        message: { type: 'string' },
        json: { type: 'boolean' },
      },
      ['id'],
    );
    const ttlSeconds = duration('--ttl', values.ttl) ?? TICKET_SECONDS_MAX;
    if (ttlSeconds < 1 || ttlSeconds > TICKET_SECONDS_MAX) {
      throw new UsageError(`--ttl must be from 1s to 1h: it is '${values.ttl}'`);
    }
    const payloads = oneOf('--payloads', values.payloads, PAYLOAD_ACCESS);
    const { message } = values;
    const execution = executionId(positionals[0]);
    const client = connect(terminal, values.url);
    const { stdout, stderr, signal } = terminal;
    const { ticket, expiresAt, streamUrl } = await client.createTicket(execution, {
      ttlSeconds,
      signal,
      ...(payloads && { payloads }),
    });
    const printed = watchLink(serviceOf(streamUrl), {
      execution,
      ticket,
      ...(message !== undefined && { message }),
    });
    if (values.json === true) {
      await stdout.line(jsonLine({ link: printed, expiresAt }));
      return EXIT.ok;
    }
    await stdout.line(oneLine(printed));
    const note = `Works until ${oneLine(stderr.isTerminal ? localTime(expiresAt) : expiresAt)}.`;
    await stderr.line(stderr.style(payloads === undefined ? note : `${note} ${SHOWN[payloads]}`, 'dim'));
    return EXIT.ok;
  },
};

/**
 * The service's public address, taken from its own links, because FLOWTAP_URL might be an internal address.
 */
const serviceOf = (streamUrl: string): string => streamUrl.replace(/\/v1\/executions\/.*$/s, '');

function localTime(timestamp: string): string {
  const at = new Date(timestamp);
  return `${dayOf(at)} ${timeOf(at).slice(0, 'hh:mm:ss'.length)} (${timeZone()})`;
}
