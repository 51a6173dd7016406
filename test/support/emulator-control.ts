/**
 * Sets the executions and the faults of the emulator through its control API
 * (src/emulator/server/control.ts).
 */

/** A message of an execution, as the control API takes it. */
export interface ScriptedMessage {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: number | string | null;
  readonly payload?: string;
  readonly afterMs?: number;
}

/** `send`: for an emulator without a socket. */
export async function tellEmulator(
  origin: string,
  path: string,
  body: unknown,
  send: (request: Request) => Promise<Response> = fetch,
): Promise<void> {
  const request = new Request(`${origin}/_emulator${path}`, { method: 'POST', body: JSON.stringify(body) });
  const response = await send(request);
  if (!response.ok) throw new Error(await response.text());
}
