import { describe, expect, test } from 'vitest';

import { awsEndpoint, awsPartition, isAwsRegion } from '../../src/core/aws-region.ts';

describe('regions', () => {
  test.each([
    ['us-west-2', 'aws', 'amazonaws.com'],
    ['ap-northeast-1', 'aws', 'amazonaws.com'],
    ['mx-central-1', 'aws', 'amazonaws.com'],
    ['il-central-1', 'aws', 'amazonaws.com'],
    ['cn-northwest-1', 'aws-cn', 'amazonaws.com.cn'],
    ['us-gov-east-1', 'aws-us-gov', 'amazonaws.com'],
    ['eusc-de-east-1', 'aws-eusc', 'amazonaws.eu'],
    ['us-iso-east-1', 'aws-iso', 'c2s.ic.gov'],
    ['us-isob-east-1', 'aws-iso-b', 'sc2s.sgov.gov'],
    ['eu-isoe-west-1', 'aws-iso-e', 'cloud.adc-e.uk'],
    ['us-isof-south-1', 'aws-iso-f', 'csp.hci.ic.gov'],
  ])('%s is in partition %s, and its endpoints end in %s', (region, partition, suffix) => {
    expect(isAwsRegion(region)).toBe(true);
    expect(awsPartition(region)).toBe(partition);
    expect(awsEndpoint('states', region).href).toBe(`https://states.${region}.${suffix}/`);
  });

  test.each([
    '',
    'us-west',
    'us-west-0',
    'us-west-02',
    'us-west-123',
    'US-WEST-2',
    'us-west-2a',
    'us-nowhere-west-2',
    'us-west-2.evil.example',
    'us-west-2/',
    'us-west-2\n',
    'localhost',
    'us west-2',
    'aws-global',
  ])('%j is not a region, and never becomes part of a host name', (name) => {
    expect(isAwsRegion(name)).toBe(false);
    expect(awsPartition(name)).toBeUndefined();
    expect(() => awsEndpoint('states', name)).toThrow(TypeError);
  });
});
