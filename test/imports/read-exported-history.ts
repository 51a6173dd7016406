/** Reads a whole exported history for a test. */
import { readExportedHistory } from '../../src/imports/exported-history.ts';
import type { Message } from '../../src/messages/message.ts';

export async function* bodyOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}

export async function read(chunks: Iterable<Uint8Array>, maxBytes = Infinity) {
  const reading = readExportedHistory(bodyOf(chunks), { maxBytes });
  const messages: Message[] = [];
  for (;;) {
    const next = await reading.next();
    if (next.done) return { messages, outcome: next.value };
    messages.push(next.value.message);
  }
}

/** Returns the faults of a history, each as `line: sentence`. */
export async function faultsOf(text: string | Uint8Array): Promise<readonly string[]> {
  const { outcome } = await read([typeof text === 'string' ? new TextEncoder().encode(text) : text]);
  if (outcome.ok) return [];
  return outcome.failure.type === 'invalid-input'
    ? outcome.failure.errors.map(({ name, detail }) => `${name.replace('line ', '')}: ${detail}`)
    : [outcome.failure.type];
}
