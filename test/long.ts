/**
 * The long proofs: test files that take more than about ten seconds each, because what they prove takes time (a minute of
 * polling, a settled execution, thousands of made-up requests) or because the client under test is slow. `npm test` leaves
 * them out; `npm run test:all` and .ci/run run them.
 */
export const LONG_TESTS = [
  'test/aws-protocol/aws-cli.test.ts',
  'test/aws-protocol/states-boto3.test.ts',
  'test/aws-protocol/states-cli.test.ts',
  'test/aws-protocol/states-crowd.test.ts',
  'test/aws-protocol/states-history.test.ts',
  'test/aws-protocol/states-local-server.test.ts',
  'test/client/socket.test.ts',
  'test/conformance/runtimes.test.ts',
  'test/deno/kill.test.ts',
  'test/deno/thousand.test.ts',
  'test/lists/exactly-once-full.test.ts',
  'test/local/stays-up-a-minute.test.ts',
  'test/reading/calls.test.ts',
  'test/reading/crash.test.ts',
  'test/security/fuzz.test.ts',
  'test/security/slots.test.ts',
  'test/security/slow-callers.test.ts',
  'test/security/unknown-arns.test.ts',
  'test/step-functions/crowd.test.ts',
  'test/step-functions/redrive-over-http.test.ts',
  'test/streams/browser-clients.test.ts',
  'test/streams/calls.test.ts',
  'test/streams/chaos.test.ts',
  'test/streams/churn.test.ts',
  'test/streams/cut-off-followers.test.ts',
  'test/streams/cut-off-page.test.ts',
  'test/streams/other-clients.test.ts',
  'test/streams/real-clients.test.ts',
  'test/viewer/element-access.test.ts',
  'test/viewer/element-large.test.ts',
  'test/viewer/element-streams.test.ts',
  'test/viewer/element.test.ts',
];
