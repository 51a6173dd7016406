/** The status of an execution in a table, with the same icon and word as in <flowtap-execution>. */
import type { TemplateResult } from 'lit';

import type { Status } from '../../client/client.ts';
import { WORDS, markOfStatus } from '../format/mark.ts';
import { markLabel } from '../format/status-mark.ts';

export const statusBadge = (status: Status): TemplateResult => markLabel(markOfStatus(status));

export const statusWord = (status: Status): string => WORDS[markOfStatus(status)];
