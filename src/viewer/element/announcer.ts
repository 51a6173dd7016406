/**
 * What a screen reader hears without asking: that the execution has ended, and problems. Not each message or step, which would never
 * end.
 */
import type { Status } from '../../client/client.ts';
import { WORDS, markOfStatus } from '../format/status-mark.ts';
import type { ExecutionSnapshot } from '../store/snapshot.ts';
import { type Tone, phaseText } from './phase-texts.ts';

export class Announcer {
  #text = '';
  #status: Status | undefined;
  #tone: Tone = 'quiet';

  /** The text of the live region. It changes only when there is news. */
  textFor({ status, phase }: ExecutionSnapshot): string {
    const { word, sentence = '', tone } = phaseText(phase);
    // Between a loss and what follows it, every connection is busy for a moment.
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
