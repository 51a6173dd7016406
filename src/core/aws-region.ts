/**
 * AWS regions and their partitions. Only this file checks a region's name. It also gives the DNS suffix of a
 * region's hosts and the partition name in its ARNs. A region becomes part of a host name, so only valid
 * regions are accepted.
 *
 * Source: botocore's partitions.json (`regionRegex`, `dnsSuffix`). Regions are matched by pattern, because
 * AWS adds regions.
 */

interface Partition {
  /** The partition's name in ARNs: `aws-cn` in `arn:aws-cn:…`. */
  readonly id: string;
  readonly dnsSuffix: string;
  readonly region: RegExp;
}

const PARTITIONS: readonly Partition[] = [
  // Two letters, a direction and a number from 1: us-west-2. AWS keeps adding regions with new first letters,
  // so the pattern accepts any but `cn-`.
  { id: 'aws', dnsSuffix: 'amazonaws.com', region: /^(?!cn-)[a-z]{2}-[a-z]{2,16}-[1-9]\d?$/ },
  { id: 'aws-cn', dnsSuffix: 'amazonaws.com.cn', region: /^cn-[a-z]{2,16}-[1-9]\d?$/ },
  { id: 'aws-us-gov', dnsSuffix: 'amazonaws.com', region: /^us-gov-[a-z]{2,16}-[1-9]\d?$/ },
  { id: 'aws-eusc', dnsSuffix: 'amazonaws.eu', region: /^eusc-[a-z]{2}-[a-z]{2,16}-[1-9]\d?$/ },
  { id: 'aws-iso', dnsSuffix: 'c2s.ic.gov', region: /^us-iso-[a-z]{2,16}-[1-9]\d?$/ },
  { id: 'aws-iso-b', dnsSuffix: 'sc2s.sgov.gov', region: /^us-isob-[a-z]{2,16}-[1-9]\d?$/ },
  { id: 'aws-iso-e', dnsSuffix: 'cloud.adc-e.uk', region: /^eu-isoe-[a-z]{2,16}-[1-9]\d?$/ },
  { id: 'aws-iso-f', dnsSuffix: 'csp.hci.ic.gov', region: /^us-isof-[a-z]{2,16}-[1-9]\d?$/ },
];

const partitionOf = (region: string): Partition | undefined =>
  PARTITIONS.find((partition) => partition.region.test(region));

export const isAwsRegion = (text: string): boolean => partitionOf(text) !== undefined;

/** True if `id` is a partition of AWS, so that ARNs can begin with `arn:<id>:`. */
export const isAwsPartition = (id: string): boolean => PARTITIONS.some((partition) => partition.id === id);

/** The partition name in ARNs of this region; undefined if `region` is not an AWS region. */
export const awsPartition = (region: string): string | undefined => partitionOf(region)?.id;

/**
 * The public endpoint of a service in a region.
 * @throws {TypeError} if `region` is not an AWS region. Callers validate settings and ARNs first.
 */
export function awsEndpoint(service: string, region: string): URL {
  const partition = partitionOf(region);
  if (!partition) {
    throw new TypeError(
      `Cannot name an endpoint as 'region' must be an AWS region like us-west-2: current value is ${JSON.stringify(region)}`,
    );
  }
  return new URL(`https://${service}.${region}.${partition.dnsSuffix}`);
}
