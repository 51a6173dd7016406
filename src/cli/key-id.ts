/**
 * Reads the id of an API key from any form that an admin might have at hand: the key's id, a credential's id,
 * or a pasted key, whose beginning contains the id. Only the id leaves this file, because it becomes part of
 * a URL, and URLs are logged.
 */
import { API_KEY_BEGINNING, KEY_ID_CHARACTERS, KEY_OR_CREDENTIAL_ID } from '../core/api-key-format.ts';
import { type Terminal, UsageError } from './command.ts';

/** Returns the id. Prints a note to stderr if the text is a key, whole or truncated. */
export async function keyIdOf(text: string, { stderr }: Pick<Terminal, 'stderr'>): Promise<string> {
  const word = text.trim();
  if (KEY_OR_CREDENTIAL_ID.test(word)) return word;
  const key = API_KEY_BEGINNING.exec(word);
  const id = key?.index === 0 ? key[1]?.slice(0, KEY_ID_CHARACTERS) : undefined;
  if (id === undefined) {
    // The text might be half of a secret, so the error does not repeat it.
    throw new UsageError('<key id> must be 8 letters and digits, as `flowtap keys list` shows them');
  }
  await stderr.line(`That is a whole key. Its id is ${id}, and nothing else of it is sent.`);
  return id;
}
