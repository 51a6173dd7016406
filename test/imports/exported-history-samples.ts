/**
 * For tests of the import: histories exactly as programs printed them. Each program read the same two pages (times
 * 1559247540.656, 1559247541, 1559247541.123456 and -1.5) with its default settings.
 */
import type { Message } from '../../src/messages/message.ts';

const messages: readonly Message[] = [
  {
    messageId: '0',
    eventType: 'EXECUTION_STARTED',
    timestamp: '2019-05-30T20:19:00.656Z',
    payload: 'Flow "ü€😀"\nstarted',
  },
  { messageId: '1', eventType: 'STEP_STARTED', timestamp: '2019-05-30T20:19:01.000Z', payload: '' },
  { messageId: '2', eventType: 'X', timestamp: '2019-05-30T20:19:01.123456Z' },
  {
    messageId: '3',
    eventType: 'EXECUTION_SUCCEEDED',
    timestamp: '1969-12-31T23:59:58.500Z',
    payload: "it's",
  },
];

export const EXPORTS: readonly { what: string; text: string; messages: readonly Message[] }[] = [
  {
    what: 'the output of json.dumps(response, default=str) with boto3 1.43 in the time zone of Berlin',
    text: String.raw`{"messages": [{"messageId": "0", "eventType": "EXECUTION_STARTED", "timestamp": "2019-05-30 22:19:00.656000+02:00", "payload": "Flow \"\u00fc\u20ac\ud83d\ude00\"\nstarted"}, {"messageId": "1", "eventType": "STEP_STARTED", "timestamp": "2019-05-30 22:19:01+02:00", "payload": ""}, {"messageId": "2", "eventType": "X", "timestamp": "2019-05-30 22:19:01.123456+02:00"}], "nextToken": "tok1", "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {"content-type": "application/x-amz-json-1.1", "date": "Sun, 22 Nov 2026 16:02:59 GMT", "connection": "keep-alive", "keep-alive": "timeout=5", "content-length": "295"}, "RetryAttempts": 0}}
`,
    messages: messages.slice(0, 3),
  },
  {
    what: "the result of build_full_result() of boto3's paginator",
    text: String.raw`{"messages": [{"messageId": "0", "eventType": "EXECUTION_STARTED", "timestamp": "2019-05-30 22:19:00.656000+02:00", "payload": "Flow \"\u00fc\u20ac\ud83d\ude00\"\nstarted"}, {"messageId": "1", "eventType": "STEP_STARTED", "timestamp": "2019-05-30 22:19:01+02:00", "payload": ""}, {"messageId": "2", "eventType": "X", "timestamp": "2019-05-30 22:19:01.123456+02:00"}, {"messageId": "3", "eventType": "EXECUTION_SUCCEEDED", "timestamp": "1970-01-01 00:59:58.500000+01:00", "payload": "it's"}]}
`,
    messages,
  },
  {
    what: 'the output of AWS CLI 2.9 for all pages',
    text: String.raw`{
    "messages": [
        {
            "messageId": "0",
            "eventType": "EXECUTION_STARTED",
            "timestamp": "2019-05-30T20:19:00.656000+00:00",
            "payload": "Flow \"ü€😀\"\nstarted"
        },
        {
            "messageId": "1",
            "eventType": "STEP_STARTED",
            "timestamp": "2019-05-30T20:19:01+00:00",
            "payload": ""
        },
        {
            "messageId": "2",
            "eventType": "X",
            "timestamp": "2019-05-30T20:19:01.123456+00:00"
        },
        {
            "messageId": "3",
            "eventType": "EXECUTION_SUCCEEDED",
            "timestamp": "1969-12-31T23:59:58.500000+00:00",
            "payload": "it's"
        }
    ]
}
`,
    messages,
  },
  {
    what: 'the output of AWS CLI 1.45 for two pages, each with --no-paginate',
    text: String.raw`{
    "messages": [
        {
            "messageId": "0",
            "eventType": "EXECUTION_STARTED",
            "timestamp": 1559247540.656,
            "payload": "Flow \"ü€😀\"\nstarted"
        },
        {
            "messageId": "1",
            "eventType": "STEP_STARTED",
            "timestamp": 1559247541,
            "payload": ""
        },
        {
            "messageId": "2",
            "eventType": "X",
            "timestamp": 1559247541.123456
        }
    ],
    "nextToken": "tok1"
}
{
    "messages": [
        {
            "messageId": "3",
            "eventType": "EXECUTION_SUCCEEDED",
            "timestamp": -1.5,
            "payload": "it's"
        }
    ]
}
`,
    messages,
  },
  {
    what: 'the output of AWS CLI 1.45 with --query messages',
    text: String.raw`[
    {
        "messageId": "2",
        "eventType": "X",
        "timestamp": 1559247541.123456
    },
    {
        "messageId": "3",
        "eventType": "EXECUTION_SUCCEEDED",
        "timestamp": -1.5,
        "payload": "it's"
    }
]
`,
    messages: messages.slice(2),
  },
];

/** The output of `print(response)`, which is not JSON. */
export const PYTHON_REPR = String.raw`{'messages': [{'messageId': '0', 'eventType': 'EXECUTION_STARTED', 'timestamp': datetime.datetime(2019, 5, 30, 22, 19, 0, 656000, tzinfo=tzlocal()), 'payload': 'Flow "ü€😀"\nstarted'}], 'nextToken': 'tok1'}
`;

/** What AWS CLI 2.9 prints with `--output yaml`. */
export const YAML = String.raw`messages:
- eventType: EXECUTION_STARTED
  messageId: '0'
  payload: "Flow \"ü€\U0001F600\"\nstarted"
  timestamp: '2019-05-30T20:19:00.656000+00:00'
`;
