/**
 * One directory of state for each upstream: histories of the emulator must not be served as if they came from AWS.
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
