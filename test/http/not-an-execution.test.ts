import { beforeAll, describe, expect, test } from 'vitest';

import { openService, path, problemOf, type ServiceUnderTest } from './service-under-test.ts';

const STATES = 'arn:aws:states:us-west-2:123456789012';
const UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';
const CONSOLE = 'https://us-west-2.console.aws.amazon.com/states/home?region=us-west-2';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await openService();
});

const IDS: readonly (readonly [what: string, id: string, detail: RegExp])[] = [
  ['a state machine', `${STATES}:stateMachine:Machine`, /is the ARN of a state machine\. Give .*:execution:/],
  ['a version of a state machine', `${STATES}:stateMachine:Machine:3`, /is the ARN of a state machine\./],
  ['a map run', `${STATES}:mapRun:Machine/Label:${UUID}`, /is the ARN of a map run\. Give .*:execution:/],
  ['an activity', `${STATES}:activity:Activity`, /is the ARN of an activity\. Give .*:execution:/],
  ['an EXPRESS execution', `${STATES}:express:Machine:run:${UUID}`, /EXPRESS.*STANDARD.*:execution:/],
  ['an execution without a name', `${STATES}:execution:Machine`, /is not the ARN of a Step Functions exec/],
  ['another service', 'arn:aws:lambda:us-west-2:123456789012:function:f', /is not the ARN of a Step Func/],
  [
    'an execution in another partition',
    `arn:aws:states:cn-north-1:123456789012:execution:Machine:run`,
    /partition.*arn:aws-cn:/,
  ],
  ['an execution with a leading space', ` ${STATES}:execution:Machine:run`, /spaces/],
  [
    'a page of the console',
    `${CONSOLE}#/v2/executions/details/${STATES}:execution:Machine:run`,
    /address of a page of the AWS console\. Give the execution ARN/,
  ],
  [
    'a page of the Chinese console',
    'https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#/statemachines',
    /address of a page of the AWS console/,
  ],
  [
    'a page of the European console',
    'https://eusc-de-east-1.console.amazonaws-eusc.eu/states/home#/statemachines',
    /address of a page of the AWS console/,
  ],
];

describe('the id of something other than an execution', () => {
  test.each(IDS)(
    '(%s) is a 400 that says what was given and what to send instead, without an upstream call',
    async (_, id, detail) => {
      const before = service.calls();
      const limited = await service.key({ executions: [`${STATES}:execution:Other:*`], tickets: true });
      const eventStream = { Accept: 'text/event-stream' };
      for (const answer of [
        service.get(path(id)),
        service.get(path(id), eventStream),
        service.get(path(id, '', '')),
        service.get(path(id), { Authorization: `Bearer ${limited}` }),
        service.fetch(path(id, '', '/tickets'), {
          method: 'POST',
          headers: { Authorization: `Bearer ${limited}`, 'Content-Type': 'application/json' },
          body: '{}',
        }),
        service.admin('PUT', path(id).replace('/v1', ''), '{"eventType":"EXECUTION_SUCCEEDED"}'),
      ]) {
        expect(await problemOf(answer)).toMatchObject({
          status: 400,
          code: 'InvalidRequestException',
          errors: [{ in: 'path', name: 'flowExecutionId', detail: expect.stringMatching(detail) }],
        });
      }
      const aws = await service.fetch('/', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/x-amz-json-1.1',
          'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
          'X-Amz-Security-Token': limited,
        },
        body: JSON.stringify({ flowExecutionId: id }),
      });
      expect(await aws.json()).toMatchObject({
        __type: expect.stringMatching(/InvalidRequestException$/),
        message: expect.stringMatching(detail),
      });
      expect(service.calls()).toBe(before);
    },
  );

  test('needs a credential like any other id', async () => {
    expect(await problemOf(service.fetch(path(`${STATES}:stateMachine:Machine`)))).toMatchObject({
      status: 401,
    });
  });
});

test('an id of Things Graph can contain an ARN or an address', async () => {
  for (const id of [
    `urn:tdm:us-west-2/123456789012/default:Workflow:${STATES}`,
    'https://flows.example.com/1',
  ]) {
    expect((await service.get(path(id))).status).toBe(404);
  }
});
