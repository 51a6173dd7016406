/** `flowtap doctor`: looks at each thing that must be right, in order, and says of the first wrong ones what to change. */
import { addressOf, connectAdmin, variable } from './connect.ts';
import { createFlowtapClient } from '../client/client.ts';
import type { KeyFacts } from '../client/client.ts';
import { passes } from '../client/retry-policy.ts';
import { executionId, readArguments } from './arguments.ts';
import { type Command, type Terminal, UsageError } from './command.ts';
import { EXIT } from './exit-code.ts';
import { explain } from './explain.ts';
import { oneLine } from './plain-text.ts';
import { humanDuration, summaryLines } from './summary-lines.ts';

/** More, and times in logs can't be compared; tickets and keys seem to expire early or late. */
const SKEW_MS_MAX = 30_000;
const ANSWER_MS_MAX = 15_000;
/** Time enough to get a new key. */
const EXPIRY_WARNING_MS = 14 * 24 * 3_600_000;

const HELP = `Find out why it does not work.

Usage: flowtap doctor [id]

Checks FLOWTAP_URL, whether the service answers, this machine's clock, FLOWTAP_API_KEY, FLOWTAP_ADMIN_TOKEN where it is
set, and with an id whether the key may read that execution and the service can. Says what to change.

      --url <address>      instead of FLOWTAP_URL

Ends with 0 when all is well, with 1 when something is wrong or could not be checked.

Example:
  flowtap doctor "$ID"
`;

export const doctor: Command = {
  summary: 'find out why it does not work',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(words, {}, ['id?']);
    const examination = new Examination(terminal);
    const [id] = positionals;
    await examination.run(values.url, id === undefined ? undefined : executionId(id));
    return examination.isWell ? EXIT.ok : EXIT.failed;
  },
};

class Examination {
  readonly #terminal: Terminal;
  isWell = true;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  async run(url: string | undefined, id: string | undefined): Promise<void> {
    let address: string;
    try {
      address = addressOf(this.#terminal, url);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      await this.#wrong('address', error.message);
      return;
    }
    await this.#address(new URL(address));
    if (!(await this.#service(address))) return;
    await this.#key(address, id);
    await this.#adminToken(address);
  }

  async #address({ protocol, hostname, href }: URL): Promise<void> {
    const isLocal = /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
    if (protocol === 'http:' && !isLocal) {
      await this.#wrong('address', `${href} sends keys in the clear. Use https://.`);
    } else await this.#well('address', href);
  }

  /** False: nothing else can be asked. */
  async #service(address: string): Promise<boolean> {
    const { clock, signal } = this.#terminal;
    const url = new URL('healthz', address.endsWith('/') ? address : `${address}/`);
    const askedAtMs = clock.now();
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]) });
      text = await response.text();
    } catch (error) {
      signal.throwIfAborted();
      const cause =
        error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      await this.#wrong(
        'service',
        `No answer from ${url.href}: ${oneLine(cause)}. Is the address right, and is it up?`,
      );
      return false;
    }
    const tookMs = clock.now() - askedAtMs;
    if (text.includes('NotConfigured')) {
      await this.#wrong(
        'service',
        'It answers, but is not configured. Its log names the settings that are missing; docs/operations.md lists them.',
      );
      return false;
    }
    if (!response.ok || !text.includes('"status":"ok"')) {
      await this.#wrong(
        'service',
        `${url.href} answers ${response.status}, and not as Flowtap does. Check the address.`,
      );
      return false;
    }
    await this.#well('service', `healthy, answered within ${humanDuration(tookMs)}`);
    await this.#time(response.headers.get('Date'), askedAtMs, tookMs);
    return true;
  }

  async #time(date: string | null, askedAtMs: number, tookMs: number): Promise<void> {
    const serverMs = Date.parse(date ?? '');
    if (Number.isNaN(serverMs)) return;
    // The header has whole seconds: the middle of its second, compared with the middle of the exchange.
    const skewMs = askedAtMs + tookMs / 2 - (serverMs + 500);
    const much = `${humanDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`;
    if (Math.abs(skewMs) > SKEW_MS_MAX + tookMs) {
      await this.#wrong('clock', `This machine's clock is ${much}. Set it, best by NTP.`);
    } else await this.#well('clock', "agrees with the service's");
  }

  async #key(url: string, id: string | undefined): Promise<void> {
    const { clock, signal } = this.#terminal;
    const apiKey = variable(this.#terminal, 'FLOWTAP_API_KEY');
    if (apiKey === undefined) {
      await this.#wrong(
        'API key',
        'FLOWTAP_API_KEY is not set. `flowtap keys create` makes one, with FLOWTAP_ADMIN_TOKEN.',
      );
      return;
    }
    const client = createFlowtapClient({ url, apiKey, clock, giveUpAfterMs: 0 });
    const key = await this.#asked('API key', () =>
      client.key({ ...(id !== undefined && { flowExecutionId: id }), signal }),
    );
    if (!key) return;
    await this.#keyFacts(key);
    if (id === undefined) return;
    if (key.allowed !== true) {
      await this.#wrong(
        'execution',
        'The key may not read it. Ask for a key with a pattern that matches the whole id.',
      );
      return;
    }
    const summary = await this.#asked('execution', () => client.summary(id, { signal }));
    if (summary) await this.#well('execution', summaryLines(summary, this.#terminal.stdout)[0] ?? '');
  }

  async #keyFacts({ id, name, executions, payloads, expiresAt }: KeyFacts): Promise<void> {
    const called = `${id} (${oneLine(name)})`;
    if (executions.length === 0) {
      await this.#wrong('API key', `${called} may read no execution. Ask for one with patterns.`);
      return;
    }
    const sees = payloads === 'none' ? ', without payloads' : '';
    await this.#well('API key', `${called} reads ${executions.map(oneLine).join(', ')}${sees}`);
    const leftMs = Date.parse(expiresAt ?? '') - this.#terminal.clock.now();
    if (leftMs < EXPIRY_WARNING_MS)
      await this.#wrong('API key', `expires at ${expiresAt}. Ask for a new one in time.`);
  }

  async #adminToken(url: string): Promise<void> {
    if (variable(this.#terminal, 'FLOWTAP_ADMIN_TOKEN') === undefined) return;
    const http = connectAdmin(this.#terminal, url);
    const listed = await this.#asked('admin token', () =>
      http.text({ path: 'v1/admin/keys', query: { limit: 1 }, signal: this.#terminal.signal }),
    );
    if (listed !== undefined) await this.#well('admin token', 'good');
  }

  /** The answer; undefined after what went wrong was told. */
  async #asked<T>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      this.#terminal.signal.throwIfAborted();
      const credential = what === 'admin token' ? 'FLOWTAP_ADMIN_TOKEN' : 'FLOWTAP_API_KEY';
      const explained = explain(error, credential);
      if (!explained) throw error;
      const text = explained.lines.map((line) => line.trim()).join(' ');
      // A refusal that passes says nothing about a credential: after many wrong ones the right one is refused, too.
      if (what !== 'execution' && passes(error)) await this.#unknown(what, `could not be checked. ${text}`);
      else await this.#wrong(what, text);
      return undefined;
    }
  }

  async #well(what: string, text: string): Promise<void> {
    const { stdout } = this.#terminal;
    await stdout.line(`${stdout.style('ok   ', 'green')} ${what.padEnd(11)}  ${text}`);
  }

  async #unknown(what: string, text: string): Promise<void> {
    this.isWell = false;
    const { stdout } = this.#terminal;
    await stdout.line(`${stdout.style('?    ', 'yellow', 'bold')} ${what.padEnd(11)}  ${text}`);
  }

  async #wrong(what: string, text: string): Promise<void> {
    this.isWell = false;
    const { stdout } = this.#terminal;
    await stdout.line(`${stdout.style('WRONG', 'red', 'bold')} ${what.padEnd(11)}  ${text}`);
  }
}
