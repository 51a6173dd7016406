/** The options of a call to a source that a reader causes. */
import type { CallOptions } from '../../src/sources/source.ts';

export const READ: CallOptions = { origin: { class: 'reader', tenant: 'tenant' } };
