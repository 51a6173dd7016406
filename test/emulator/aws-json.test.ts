/** The emulator checks requests in the same order as real AWS services with JSON protocols. */
import { describe, expect, it } from 'vitest';
import { REQUEST_BYTES_MAX } from '../../src/emulator/aws-json.ts';
import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { emulatorAt, ORIGIN, signedRequest, START_MS, UUID } from './signed-call.ts';

const TARGET = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';
const JSON_1_1 = 'application/x-amz-json-1.1';

async function send(init: RequestInit, path = '/'): Promise<{ status: number; type: string; text: string }> {
  const response = await emulatorAt().emulator.fetch(new Request(`${ORIGIN}${path}`, init));
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}

const post = (headers: Record<string, string>, body = '{}') => send({ method: 'POST', headers, body });

/** Makes a correctly signed call with this input, and returns the status and the members of the answer. */
async function answerTo(
  input: object | string,
): Promise<{ status: number; __type?: string; message?: string }> {
  const { emulator, clock } = emulatorAt();
  const response = await emulator.fetch(await signedRequest(input, { nowMs: clock.now() }));
  return { status: response.status, ...JSON.parse(await response.text()) };
}

describe('before the emulator has recognised the JSON protocol,', () => {
  it('a method other than POST gets an XML error', async () => {
    expect(await send({ method: 'GET' })).toEqual({
      status: 403,
      type: 'application/xml',
      text: '<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n</MissingAuthenticationTokenException>\n',
    });
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await send({ method, headers: { authorization: 'X' } });
      expect(answer).toMatchObject({ status: 403, type: 'application/xml' });
      expect(answer.text).toContain('<AccessDeniedException>');
    }
  });

  it('an unsupported content type gets an XML error', async () => {
    expect(await post({})).toMatchObject({
      status: 403,
      text: expect.stringContaining('<AccessDeniedException>'),
    });
    for (const type of ['application/json', 'application/x-amz-json-1.0', 'text/plain', '']) {
      expect(await post({ 'content-type': type, 'x-amz-target': TARGET }), type).toEqual({
        status: 404,
        type: 'application/xml',
        text: '<UnknownOperationException/>\n',
      });
    }
  });

  it('a body above the limit gets a 413', async () => {
    const headers = { 'content-type': JSON_1_1, 'x-amz-target': TARGET };
    const fits = await post(headers, `"${'x'.repeat(REQUEST_BYTES_MAX - 2)}"`);
    expect(fits.status).toBe(400);
    const tooLong = await post(headers, `"${'x'.repeat(REQUEST_BYTES_MAX - 1)}"`);
    expect(tooLong.status).toBe(413);
  });
});

describe('in the JSON protocol,', () => {
  const errorOf = async (headers: Record<string, string>, body?: string) => {
    const { status, type, text } = await post({ 'content-type': JSON_1_1, ...headers }, body);
    return { status, type, ...JSON.parse(text) };
  };

  it('the JSON is checked before the target, and the target before the signature', async () => {
    const refused = (name: string) => ({ status: 400, type: JSON_1_1, __type: name });
    expect(await errorOf({ 'x-amz-target': 'No.Such' }, '{')).toEqual(refused('SerializationException'));
    expect(await errorOf({ 'x-amz-target': 'No.Such' }, '')).toEqual(refused('UnknownOperationException'));
    expect(await errorOf({})).toEqual(refused('UnknownOperationException'));
    for (const body of ['', 'null', '[]', '"text"', '1', '{"a":1', '\ufeff{}', '{} {}']) {
      expect(await errorOf({ 'x-amz-target': TARGET }, body), body).toEqual(
        refused('SerializationException'),
      );
    }
    expect(await errorOf({ 'x-amz-target': TARGET })).toMatchObject(
      refused('MissingAuthenticationTokenException'),
    );
    expect(await errorOf({ 'x-amz-target': TARGET.toLowerCase() })).toEqual(
      refused('UnknownOperationException'),
    );
  });

  it('the signature is checked before the input', async () => {
    const { emulator, clock } = emulatorAt();
    const request = await signedRequest({ maxResults: 0 }, { nowMs: clock.now() - 600_000 });
    const response = await emulator.fetch(request);
    expect(await response.json()).toMatchObject({ __type: 'InvalidSignatureException' });
  });

  it('a member of the wrong JSON type gets a SerializationException', async () => {
    for (const input of [
      { flowExecutionId: 5 },
      { flowExecutionId: 'a', maxResults: '5' },
      { flowExecutionId: 'a', maxResults: 1.5 },
      { flowExecutionId: 'a', nextToken: {} },
    ]) {
      expect(await answerTo(input)).toMatchObject({ status: 400, __type: 'SerializationException' });
    }
  });

  it('a value out of bounds gets an InvalidRequestException that names the member', async () => {
    for (const [input, member] of [
      [{}, 'flowExecutionId'],
      [{ flowExecutionId: null }, 'flowExecutionId'],
      [{ flowExecutionId: 'a', maxResults: 0 }, 'maxResults'],
      [{ flowExecutionId: 'a', maxResults: -1 }, 'maxResults'],
      [{ flowExecutionId: 'a', maxResults: 251 }, 'maxResults'],
    ] as const) {
      const answer = await answerTo(input);
      expect(answer).toMatchObject({ status: 400, __type: 'InvalidRequestException' });
      expect(answer.message).toContain(`'${member}'`);
    }
  });

  it('unknown members and a charset are ignored, and null counts as absent', async () => {
    const flowExecutionId = scenarioId('CloudFlow', START_MS, 'Sqs', UUID);
    const { emulator, clock } = emulatorAt();
    const request = await signedRequest(
      { flowExecutionId, maxResults: null, nextToken: null, more: [1] },
      { nowMs: clock.now(), headers: { 'content-type': `${JSON_1_1}; charset=utf-8` } },
    );
    const response = await emulator.fetch(request);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ messages: [{ messageId: '0' }] });
  });

  it('an execution that is unknown or has not started yet gets a ResourceNotFoundException', async () => {
    for (const flowExecutionId of [
      '',
      UUID,
      scenarioId('CloudFlow', START_MS + 1, 'Sqs', UUID),
      '__proto__',
    ]) {
      expect(await answerTo({ flowExecutionId })).toMatchObject({
        status: 400,
        __type: 'ResourceNotFoundException',
      });
    }
  });

  it('every answer has a unique request id, the emulator’s date, and a content-length', async () => {
    const { emulator, clock } = emulatorAt();
    const ids = new Set<string | null>();
    for (let call = 0; call < 3; call++) {
      const request = await signedRequest({ flowExecutionId: 'a' }, { nowMs: clock.now() });
      const response = await emulator.fetch(request);
      expect(response.headers.get('date')).toBe('Thu, 01 Jan 2026 00:00:00 GMT');
      expect(response.headers.get('content-type')).toBe(JSON_1_1);
      const { byteLength } = await response.arrayBuffer();
      expect(response.headers.get('content-length')).toBe(String(byteLength));
      ids.add(response.headers.get('x-amzn-requestid'));
    }
    expect(ids.size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});
