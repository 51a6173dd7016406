/** The name of an AWS region. It becomes part of a host name, so nothing but such a name may pass. */

const REGION = /^[a-z]{2}(?:-[a-z]{2,16}){1,3}-[1-9][0-9]?$/;

/** `us-west-2`, `us-gov-east-1`, `ap-southeast-2`, …: by pattern, since AWS adds regions and a list would age. */
export const isAwsRegion = (text: string): boolean => REGION.test(text);

/**
 * The public endpoint of a service in a region.
 * @throws {TypeError} when the region is not one by its form: settings and ARNs are checked before they come here.
 */
export function awsEndpoint(service: string, region: string): URL {
  if (!isAwsRegion(region)) {
    throw new TypeError(
      `Cannot name an endpoint as 'region' must be an AWS region like us-west-2: current value is ${JSON.stringify(region)}`,
    );
  }
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(`https://${service}.${region}.${suffix}`);
}
