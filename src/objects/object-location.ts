/** Places a Durable Object near the AWS region that it polls, not near its first reader. */

const BY_PREFIX: readonly (readonly [
  string,
  'enam' | 'wnam' | 'weur' | 'apac' | 'oc' | 'sam' | 'me' | 'afr',
])[] = [
  ['us-east-', 'enam'],
  ['us-west-', 'wnam'],
  ['us-gov-east-', 'enam'],
  ['us-gov-west-', 'wnam'],
  ['ca-', 'enam'],
  ['eu-', 'weur'],
  ['ap-southeast-2', 'oc'],
  ['ap-', 'apac'],
  ['sa-', 'sam'],
  ['me-', 'me'],
  ['il-', 'me'],
  ['af-', 'afr'],
];

export const objectLocation = (region: string) =>
  BY_PREFIX.find(([prefix]) => region.startsWith(prefix))?.[1];
