/**
 * Names the directory of state. Each upstream has its own, so that histories of the emulator are never served
 * as AWS's.
 */
import type { StartOptions } from './start-options.ts';

export function stateName({ upstream, region }: Pick<StartOptions, 'upstream' | 'region'>): string {
  switch (upstream.type) {
    case 'emulator':
      return 'emulator';
    case 'aws':
      return `aws-${region}`;
    case 'endpoint':
      return `endpoint-${upstream.endpoint.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}`;
  }
}
