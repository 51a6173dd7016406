/**
 * Announces problems and the end of the execution to screen readers. Messages and steps are not announced, because
 * there are too many of them.
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
    // The tone `busy` is not announced, because it lasts only a moment while a lost connection is restored.
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
