/** Options for a call to a source on behalf of a reader. */
import type { CallOptions } from '../../src/sources/source.ts';

export const READ: CallOptions = { origin: { class: 'reader', tenant: 'tenant' } };
