/** Debian's boto3 (apt install python3-boto3) reads from the emulator. Skipped if it is not installed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startEmulatorServer } from '../../src/emulator/server/node-server.ts';
import { scenarioHistory, scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { CREDENTIALS, UUID } from './signed-call.ts';
import { PYTHON, hasBoto3 } from '../support/installed.ts';

const SCRIPT = fileURLToPath(new URL('read_with_boto3.py', import.meta.url));

describe.skipIf(!hasBoto3(PYTHON))(`boto3 (skipped when ${PYTHON} has no boto3)`, () => {
  it('reads every message with the right credentials, and is refused with wrong ones', async () => {
    const server = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
    const flowExecutionId = scenarioId('CloudFlow', Date.now() - 3_600_000, 'Sqs', UUID);
    try {
      const { accessKeyId, secretAccessKey } = CREDENTIALS;
      const { stdout } = await promisify(execFile)(
        PYTHON,
        [SCRIPT, server.url, accessKeyId, secretAccessKey, flowExecutionId],
        // Hides this machine's AWS configuration, credentials and proxy from the script.
        { env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' } },
      );
      const view = scenarioHistory(flowExecutionId)?.at(Date.now());
      expect(JSON.parse(stdout)).toEqual({
        right: {
          pages: 6,
          messages: Array.from({ length: 36 }, (_, position) => view?.message(position)),
        },
        wrongKeyId: { error: 'UnrecognizedClientException', status: 400 },
        wrongSecret: { error: 'InvalidSignatureException', status: 400 },
        wrongRegion: { error: 'InvalidSignatureException', status: 400 },
        unknownExecution: { error: 'ResourceNotFoundException', status: 400 },
        tooManyResults: { error: 'InvalidRequestException', status: 400 },
      });
    } finally {
      await server.close();
    }
  });
});
