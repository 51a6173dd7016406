/** Texts for the store's phases: a label, and a sentence if the reader needs to know or do more. */
import { FlowtapProblem } from '../../client/client.ts';
import type { ExecutionSnapshot, Phase } from '../store/snapshot.ts';
import { TICKET_UNAVAILABLE } from '../store/ticket-url.ts';

export type Tone = 'busy' | 'good' | 'quiet' | 'warning' | 'problem';

interface PhaseText {
  readonly word: string;
  readonly tone: Tone;
  /** Shown below the header. Absent if `word` says enough. */
  readonly sentence?: string;
}

const TEXTS: Readonly<Record<Phase, PhaseText>> = {
  connecting: { word: 'Connecting', tone: 'busy' },
  replaying: { word: 'Loading history', tone: 'busy' },
  live: { word: 'Live · caught up', tone: 'good' },
  reconnecting: {
    word: 'Reconnecting',
    tone: 'warning',
    sentence: 'The connection was lost. It is being opened again.',
  },
  busy: {
    word: 'Busy',
    tone: 'warning',
    sentence: 'The service cannot answer at the moment. No message is lost.',
  },
  throttled: {
    word: 'Upstream throttled',
    tone: 'warning',
    sentence: 'AWS limits the rate of requests at the moment. New messages appear late, and none is lost.',
  },
  unavailable: {
    word: 'Upstream unavailable',
    tone: 'warning',
    sentence: 'AWS does not answer at the moment. New messages appear as soon as it does, and none is lost.',
  },
  'waiting-for-slot': {
    word: 'Waiting for a slot',
    tone: 'quiet',
    sentence:
      'This page has four live streams open. This execution is updated every 5 s until one of them closes.',
  },
  paused: { word: 'Paused while hidden', tone: 'quiet' },
  ended: { word: 'Ended', tone: 'quiet' },
  'ticket-expired': {
    word: 'Expired',
    tone: 'problem',
    sentence: 'Your access to this execution has expired. Reload the page, or ask for a new link.',
  },
  'not-allowed': {
    word: 'No access',
    tone: 'problem',
    sentence: 'You do not have access to this execution. Sign in again, or ask for a new link.',
  },
  'not-found': {
    word: 'Not found',
    tone: 'problem',
    sentence: 'This execution does not exist, or was deleted. Check its id.',
  },
  stopped: { word: 'Stopped', tone: 'problem', sentence: 'The execution cannot be read.' },
};

/** Sentences by problem code, for phases that can have several reasons. */
const SENTENCES: Readonly<Record<string, string>> = {
  TooManyStreams: 'The service has no live stream left for this reader. Close other pages to free one.',
  RateLimitExceeded: 'This reader has sent too many requests. No message is lost.',
  UpstreamShareExceeded:
    'This reader has used its share of the calls to AWS. New messages appear late, and none is lost.',
  HistoryNotReadYet: 'The service is still reading a long history.',
  Overloaded: 'The service is overloaded. New messages appear late, and none is lost.',
  [TICKET_UNAVAILABLE]: 'This page cannot get access to the execution at the moment.',
};

export function phaseText({ phase, error }: ExecutionSnapshot): PhaseText {
  const text = TEXTS[phase];
  if (phase === 'connecting' && error)
    return { ...text, tone: 'warning', sentence: 'The service cannot be reached.' };
  const sentence = error instanceof FlowtapProblem && !isProblem(phase) ? SENTENCES[error.code] : undefined;
  return sentence === undefined ? text : { ...text, sentence };
}

/** Tells the reader when the next attempt is made. Undefined if none is planned. */
export function retryText({ retryAtMs }: ExecutionSnapshot, nowMs: number): string | undefined {
  if (retryAtMs === undefined) return undefined;
  const seconds = Math.ceil((retryAtMs - nowMs) / 1000);
  return seconds > 0 ? `Retrying in ${seconds} s.` : 'Retrying now.';
}

/** True for phases in which the reader has to do something. */
export const isProblem = (phase: Phase): boolean => TEXTS[phase].tone === 'problem';

/** The service's own text about the problem, for people who can fix it. */
export function problemDetail({ error }: ExecutionSnapshot): string | undefined {
  // The phase's sentence already says that the ticket has expired.
  if (!error || (error instanceof FlowtapProblem && error.code === 'ExpiredTicket')) return undefined;
  return error instanceof FlowtapProblem ? error.detail : error.message;
}

export function payloadsText({ payloads }: ExecutionSnapshot): string | undefined {
  if (payloads === 'names') return 'Payloads hidden';
  return payloads === 'none' ? 'Names and payloads hidden' : undefined;
}
