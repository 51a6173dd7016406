/**
 * The emulator's own HTTP API under /_emulator. It scripts executions, sets faults, returns statistics, and
 * resets the emulator. Its requests are neither signed nor counted. The server listens on loopback only.
 */
import type * as z from 'zod/mini';
import { jsonAnswer } from '../aws-answer.ts';
import { readBody } from '../bounded-body.ts';
import type { CallStatistics } from '../call-statistics.ts';
import { eventScriptOf, eventScriptSchema, scriptOf, scriptSchema } from '../control-input.ts';
import type { Directory } from '../scenarios/directory.ts';
import type { FaultInjector } from '../fault-injector.ts';
import { faultsSchema } from '../faults.ts';
import type { WireEvent, WireMessage } from '../history.ts';
import { runScripts, runsSchema } from '../runs-input.ts';
import { SCENARIOS, scenarioId } from '../scenarios/catalog.ts';
import { scenarioArn } from '../scenarios/step-functions-catalog.ts';
import { STATE_MACHINES } from '../scenarios/step-functions-machines.ts';
import type { ScriptedHistories } from '../scripted-histories.ts';

export const CONTROL_PATH = '/_emulator';

/** Enough for a script of 100,000 messages. */
export const CONTROL_BYTES_MAX = 32 * 1024 * 1024;

export interface Controlled {
  readonly scripts: ScriptedHistories<WireMessage>;
  /** Scripted executions of Step Functions, by ARN. */
  readonly eventScripts: ScriptedHistories<WireEvent>;
  /** State machines and map runs, with the executions that belong to them. */
  readonly directory: Directory;
  readonly faults: FaultInjector;
  readonly statistics: CallStatistics;
  nowMs(): number;
}

interface MemberError {
  /** The path of the member in the body, such as `messages[3].payload`. Empty for the whole body. */
  readonly member: string;
  readonly detail: string;
}

type Handler = (request: Request, controlled: Controlled) => Promise<Response>;

const answer = (body: object, status = 200): Response => jsonAnswer(body, 'application/json', status);

const refuse = (status: number, error: string, errors?: readonly MemberError[]): Response =>
  answer(errors === undefined ? { error } : { error, errors }, status);

const invalid = (errors: readonly MemberError[]): Response => refuse(400, 'The body is not valid', errors);

const parseBody = <Schema extends z.ZodMiniType>(
  request: Request,
  schema: Schema,
  withInput: (input: z.output<Schema>) => Response,
): Promise<Response> => withJson(request, (json) => withParsed(json, schema, withInput));

function withParsed<Schema extends z.ZodMiniType>(
  json: unknown,
  schema: Schema,
  withInput: (input: z.output<Schema>) => Response,
): Response {
  const parsed = schema.safeParse(json);
  return parsed.success ? withInput(parsed.data) : invalid(parsed.error.issues.flatMap(memberErrors));
}

async function withJson(request: Request, withValue: (json: unknown) => Response): Promise<Response> {
  const bytes = await readBody(request, CONTROL_BYTES_MAX);
  if (bytes === undefined) return refuse(413, `The body must be at most ${CONTROL_BYTES_MAX} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return invalid([{ member: '', detail: 'must be JSON' }]);
  }
  return withValue(json);
}

function memberErrors(issue: z.core.$ZodIssue): MemberError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      member: memberName([...issue.path, key]),
      detail: 'is an unknown member',
    }));
  }
  return [{ member: memberName(issue.path), detail: issue.message }];
}

const memberName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((name, key) => {
    if (typeof key === 'number') return `${name}[${key}]`;
    return name === '' ? String(key) : `${name}.${String(key)}`;
  }, '');

/** Scripts an execution: from events if the body has an `executionArn`, otherwise from messages. */
const postExecution: Handler = (request, controlled) =>
  withJson(request, (json) =>
    typeof json === 'object' && json !== null && 'executionArn' in json
      ? postEvents(json, controlled)
      : postMessages(json, controlled),
  );

const postEvents = (json: unknown, { eventScripts, directory, nowMs }: Controlled): Response =>
  withParsed(json, eventScriptSchema, (input) => {
    const { executionArn, append = false } = input;
    const script = eventScriptOf(input, append ? eventScripts.length(executionArn) : 0, nowMs());
    const problem = append
      ? eventScripts.append(executionArn, script)
      : eventScripts.replace(executionArn, script);
    if (problem !== undefined) return invalid([{ member: 'events', detail: problem }]);
    directory.add(executionArn, eventScripts.find(executionArn), input.mapRunArn);
    return answer({ executionArn, events: eventScripts.length(executionArn) });
  });

const postMessages = (json: unknown, { scripts, nowMs }: Controlled): Response =>
  withParsed(json, scriptSchema, (input) => {
    const script = scriptOf(input, nowMs());
    const { flowExecutionId, append = false } = input;
    const problem = append
      ? scripts.append(flowExecutionId, script)
      : scripts.replace(flowExecutionId, script);
    return problem === undefined
      ? answer({ flowExecutionId, messages: scripts.length(flowExecutionId) })
      : invalid([{ member: 'messages', detail: problem }]);
  });

const setFaults: Handler = (request, { faults }) =>
  parseBody(request, faultsSchema, (input) => {
    faults.set(input);
    return answer(faults.faults);
  });

/**
 * Creates many executions of a state machine or a map run in one request. Their histories have only starts,
 * ends and redrives.
 */
const postRuns: Handler = (request, { eventScripts, directory }) =>
  parseBody(request, runsSchema, (input) => {
    const { stateMachineArn, mapRunArn, type } = input;
    if (stateMachineArn !== undefined) directory.create(stateMachineArn, type);
    if (mapRunArn !== undefined) directory.create(mapRunArn);
    for (const [index, { executionArn, script }] of runScripts(input).entries()) {
      const problem = eventScripts.replace(executionArn, script);
      if (problem !== undefined) return invalid([{ member: `runs[${index}]`, detail: problem }]);
      directory.add(executionArn, eventScripts.find(executionArn), mapRunArn);
    }
    return answer({
      ...(stateMachineArn && { stateMachineArn }),
      ...(mapRunArn && { mapRunArn }),
      runs: input.runs.length,
    });
  });

/** A fixed UUID, so that example ids differ only in their start time. */
const EXAMPLE_UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '': {
    GET: async (_, { nowMs }) =>
      answer({
        scenarios: SCENARIOS.map(({ name, description, trigger }) => ({
          name,
          description,
          flowExecutionId: scenarioId(name, nowMs(), trigger, EXAMPLE_UUID),
        })),
        stateMachines: STATE_MACHINES.map(({ name, description }) => ({
          name,
          description,
          executionArn: scenarioArn(name, nowMs(), EXAMPLE_UUID),
        })),
      }),
    DELETE: async (_, { scripts, eventScripts, directory, faults, statistics }) => {
      scripts.clear();
      eventScripts.clear();
      directory.clear();
      faults.set({});
      statistics.clear();
      return new Response(null, { status: 204 });
    },
  },
  '/executions': { POST: postExecution },
  '/runs': { POST: postRuns },
  '/faults': {
    GET: async (_, { faults }) => answer(faults.faults),
    POST: setFaults,
    PUT: setFaults,
  },
  '/stats': { GET: async (_, { statistics }) => answer(statistics.snapshot()) },
};

/** True if `answerControl` handles requests to this path. */
export const isControl = (path: string): boolean =>
  path === CONTROL_PATH || path.startsWith(`${CONTROL_PATH}/`);

export async function answerControl(request: Request, controlled: Controlled): Promise<Response> {
  const route = new URL(request.url).pathname.slice(CONTROL_PATH.length).replace(/\/$/, '');
  const methods = Object.hasOwn(ROUTES, route) ? ROUTES[route] : undefined;
  if (methods === undefined) {
    return refuse(
      404,
      `Unknown path. The emulator's control paths are ${Object.keys(ROUTES)
        .map((path) => CONTROL_PATH + path)
        .join(', ')}`,
    );
  }
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (handler === undefined) {
    const allow = Object.keys(methods).join(', ');
    const response = refuse(405, `This path allows only ${allow}`);
    response.headers.set('allow', allow);
    return response;
  }
  return handler(request, controlled);
}
