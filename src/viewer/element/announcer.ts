/**
 * Announces to screen readers that the execution has ended, and problems. It does not announce messages and
 * steps, because there are too many of them.
 */
import type { Status } from '../../client/client.ts';
import { WORDS, markOfStatus } from '../format/mark.ts';
import type { ExecutionSnapshot } from '../store/snapshot.ts';
import { type Tone, phaseText } from './phase-texts.ts';

export class Announcer {
  #text = '';
  #status: Status | undefined;
  #tone: Tone = 'quiet';

  /** The text of the live region. It changes only when there is something to announce. */
  textFor(snapshot: ExecutionSnapshot): string {
    const { status } = snapshot;
    const { word, sentence = '', tone } = phaseText(snapshot);
    // After a lost connection, the state is `busy` only for a moment, so it is not announced.
    if (tone !== 'busy' && tone !== this.#tone) {
      if (tone === 'problem' || tone === 'warning') this.#text = `${word}. ${sentence}`;
      else if (this.#tone === 'warning') this.#text = 'Connected again.';
      this.#tone = tone;
    }
    if (status !== undefined && status !== 'RUNNING' && status !== this.#status) {
      this.#text = `The execution has ended: ${WORDS[markOfStatus(status)].toLowerCase()}.`;
    }
    this.#status = status;
    return this.#text;
  }
}
