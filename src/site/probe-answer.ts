/** The schema of the answer of POST /v1/admin/probe. */
import * as z from 'zod/mini';

import { describe } from './describe.ts';

const optionalText = (description: string) => describe(z.optional(z.string()), description);
const ok = (description: string) => describe(z.boolean(), description);
const ms = () => describe(z.int().check(z.gte(0)), 'How long the check took, in milliseconds.');

const SourceProbe = z.strictObject({
  source: describe(z.string(), 'The source: `things-graph` or `step-functions`.'),
  region: describe(z.string(), 'The region that was called.'),
  account: optionalText('The account that was called. Only for Step Functions.'),
  ok: ok('True if the source can be read.'),
  ms: ms(),
  code: optionalText('If not ok: the AWS error, or the kind of failure if AWS did not answer.'),
  reason: optionalText('If not ok: what AWS answered.'),
});

const ListProbe = z.strictObject({
  source: describe(z.string(), 'The source: `step-functions`.'),
  region: describe(z.string(), 'The region that was called.'),
  account: describe(z.string(), 'The account that was called.'),
  action: describe(
    z.string(),
    'The permission that was tried: `states:ListStateMachines` or `states:ListExecutions`.',
  ),
  ok: ok('True if the call succeeded.'),
  ms: ms(),
  code: optionalText('If not ok: the AWS error, or the kind of failure if AWS did not answer.'),
  reason: optionalText('If not ok: what AWS answered.'),
});

export const Probe = z.strictObject({
  sources: describe(z.array(SourceProbe), 'One call for each region and account in the settings.'),
  skipped: describe(
    z.optional(z.int().check(z.gte(1))),
    'How many regions and accounts were not checked, because there are more than 20.',
  ),
  lists: describe(
    z.array(ListProbe),
    'Two calls for each of the first five entries of SFN_ALLOWED, because lists need permissions of their own.',
  ),
  store: describe(
    z.strictObject({
      ok: ok('True if the store can be written and read.'),
      ms: ms(),
      reason: optionalText('If not ok: what the store answered.'),
    }),
    'The key-value store.',
  ),
});
