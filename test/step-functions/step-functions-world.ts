/**
 * The Worker on workerd with all settings that Step Functions has, reading from the emulator or from another
 * server.
 */
import { openWorld, type World } from '../support/on-workerd.ts';

export const openStepFunctionsWorld = (vars: Readonly<Record<string, string>> = {}): Promise<World> =>
  openWorld((emulatorUrl) => ({
    AWS_ENDPOINT_URL_SFN: emulatorUrl,
    AWS_ENDPOINT_URL_STS: emulatorUrl,
    SFN_ALLOWED: 'us-west-2:123456789012',
    ...vars,
  }));
