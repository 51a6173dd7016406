/** Texts for the store's phases: a label that is always shown, and a sentence if the reader has to know or do something. */
import { FlowtapProblem } from '../../client/client.ts';
import type { ExecutionSnapshot, Phase } from '../store/snapshot.ts';

export type Tone = 'busy' | 'good' | 'quiet' | 'warning' | 'problem';

interface PhaseText {
  readonly word: string;
  readonly tone: Tone;
  /** Absent if `word` says enough. */
  readonly sentence?: string;
}

const TEXTS: Readonly<Record<Phase, PhaseText>> = {
  connecting: { word: 'Connecting', tone: 'busy' },
  replaying: { word: 'Loading history', tone: 'busy' },
  live: {
    word: 'Live',
    tone: 'good',
    sentence: 'Everything up to now is shown. New messages appear as they happen.',
  },
  reconnecting: {
    word: 'Reconnecting',
    tone: 'warning',
    sentence: 'The connection was lost. It is being opened again.',
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
    word: 'Updating every 5 s',
    tone: 'quiet',
    sentence:
      'This page has its four live streams in use. This execution is read every 5 s until one is free.',
  },
  paused: {
    word: 'Paused',
    tone: 'quiet',
    sentence: 'The tab is hidden. Reading continues when it is shown.',
  },
  ended: { word: 'Ended', tone: 'quiet', sentence: 'The execution has ended, and all of it is shown.' },
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

export const phaseText = (phase: Phase): PhaseText => TEXTS[phase];

/** Phases in which the reader has to do something. */
export const isProblem = (phase: Phase): boolean => TEXTS[phase].tone === 'problem';

/** The service's own text about the problem, for people who can fix it. */
export function problemDetail({ error }: ExecutionSnapshot): string | undefined {
  // `sentence` already says the same.
  if (!error || (error instanceof FlowtapProblem && error.code === 'ExpiredTicket')) return undefined;
  return error instanceof FlowtapProblem ? error.detail : error.message;
}

export function payloadsText({ payloads }: ExecutionSnapshot): string | undefined {
  if (payloads === 'names') return 'Payloads hidden';
  return payloads === 'none' ? 'Names and payloads hidden' : undefined;
}
