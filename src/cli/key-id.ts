/**
 * The id of an API key, as whoever administers keys has it at hand: the key's, a credential's, or a whole key that was
 * pasted, which has its id in front. Nothing but the id may go on from here: it becomes part of an address, and those are logged.
 * The form of a key is src/access/keys/api-key.ts's to say.
 */
import { type Terminal, UsageError } from './command.ts';

const ID = /^(?:[0-9A-Za-z]{8}|[0-9A-Za-z]{10})$/;
/** Also one that was cut short. */
const WHOLE_KEY = /^ftk_([0-9A-Za-z]{8})[0-9A-Za-z]{2}_/;

/** Tells on stderr when it was a whole key. */
export async function keyIdOf(text: string, { stderr }: Pick<Terminal, 'stderr'>): Promise<string> {
  const word = text.trim();
  if (ID.test(word)) return word;
  const id = WHOLE_KEY.exec(word)?.[1];
  if (id === undefined) {
    // It may be half a secret: not repeated.
    throw new UsageError('<key id> must be 8 letters and digits, as `flowtap keys list` shows them');
  }
  await stderr.line(`That is a whole key. Its id is ${id}, and nothing else of it is sent.`);
  return id;
}
