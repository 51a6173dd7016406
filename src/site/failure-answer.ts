/** The schema of a summary's `failure`. */
import * as z from 'zod/mini';

import { describe } from './describe.ts';

const failureReason = {
  step: describe(
    z.optional(z.string()),
    'The step or state that failed. Absent if the payload access is `none`.',
  ),
  error: describe(z.optional(z.string()), 'The name of the error. Absent if the payload access is `none`.'),
  cause: describe(z.optional(z.string()), 'The cause. Absent unless the payload access is `full`.'),
};

export const failureAnswer = describe(
  z.optional(
    z.strictObject({
      messageId: describe(z.optional(z.string()), 'The id of the message that reports the failure.'),
      eventType: describe(z.optional(z.string()), 'The type of that message.'),
      timestamp: describe(z.optional(z.string()), 'The timestamp of that message.'),
      ...failureReason,
      causedBy: describe(
        z.optional(z.strictObject(failureReason)),
        'Step Functions: the earlier failure, if its handler ended the execution, for example with a Fail state after a ' +
          'Catch. Absent if the payload access is `none`.',
      ),
      cursor: describe(z.string(), 'A page that is read from this cursor begins with that message.'),
    }),
  ),
  'The failure that ended the execution. Failures that were caught are not reported.',
);
