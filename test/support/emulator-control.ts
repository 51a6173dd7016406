/** Sets executions and faults of the emulator through its control API (src/emulator/server/control.ts). */

/** A message of an execution, in the format of the control API. */
export interface ScriptedMessage {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: number | string | null;
  readonly payload?: string;
  readonly afterMs?: number;
}

/** Sends a body to the control API. `send` replaces `fetch` if the emulator has no socket. */
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
