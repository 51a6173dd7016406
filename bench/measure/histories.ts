/** Histories of messages with 300 bytes of payload. A page of 100 such messages has 40 KB. */

const PAYLOAD = 'x'.repeat(300);
const BEGAN_MS = Date.UTC(2026, 0, 1);

export interface BenchMessage {
  readonly messageId: string;
  readonly eventType: string;
  readonly timestamp: string;
  readonly payload: string;
}

/** If `ended` is true, the last message ends the execution. All timestamps are long past. */
export const history = (count: number, ended: boolean): BenchMessage[] =>
  Array.from({ length: count }, (_, n) => ({
    messageId: `bench-${n}`,
    eventType: ended && n === count - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_SUCCEEDED',
    timestamp: new Date(BEGAN_MS + n * 1000).toISOString(),
    payload: PAYLOAD,
  }));
