/**
 * Emulates AWS for local runs, tests and benchmarks. It is a fetch handler without a server, so it runs on
 * Node (node-server.ts), inside Deno, and inside a test's process. It shares no code with sources/, because
 * tests check sources/ with it. It is never deployed.
 *
 * A request goes to one of three places. Paths under /_emulator go to the control API (control.ts), and forms
 * go to STS, which has another protocol (aws-query.ts). All other requests go through the common checks
 * (aws-json.ts) to an operation (operations/). This file then adds faults and statistics.
 */
import type { Clock } from '../../core/clock.ts';
import { encodeJson, errorAnswer, jsonAnswer, xmlErrorAnswer, type AwsErrorName } from '../aws-answer.ts';
import { admit, type AwsServices } from '../aws-json.ts';
import { answerQuery, isQuery } from '../aws-query.ts';
import { resetAnswer, truncatedAnswer } from '../broken-answers.ts';
import { CallStatistics, type Statistics } from '../call-statistics.ts';
import { answerControl, isControl, type Controlled } from './control.ts';
import { Directory } from '../scenarios/directory.ts';
import { FaultInjector, type CallPlan } from '../fault-injector.ts';
import { describeExecution } from '../operations/describe-execution.ts';
import { getExecutionHistory } from '../operations/get-execution-history.ts';
import { listExecutions } from '../operations/list-executions.ts';
import { listFlowExecutionMessages } from '../operations/list-flow-execution-messages.ts';
import { listStateMachines } from '../operations/list-state-machines.ts';
import type { Operation, PreparedCall } from '../operation.ts';
import { createPageTokens } from '../page-tokens.ts';
import { RoleSessions, type Roles } from '../role-sessions.ts';
import { scenarioHistory } from '../scenarios/catalog.ts';
import { scenarioEvents } from '../scenarios/step-functions-catalog.ts';
import { ScriptedHistories } from '../scripted-histories.ts';
import type { Credentials } from '../signature.ts';

export interface EmulatorOptions {
  readonly clock: Clock;
  /** The credentials that callers must sign with. */
  readonly credentials: Credentials;
  /** The regions for which requests can be signed. Default: the regions of each service. */
  readonly regions?: readonly string[];
  /** The roles that callers can assume, by ARN. Default: any role. */
  readonly roles?: Roles;
  /** If true, executions of the state machines start regularly, so that lists are not empty. */
  readonly scheduled?: boolean;
  /** Returns unguessable bytes for page tokens, sessions and request ids. Default: the platform's generator. */
  readonly random?: (length: number) => Uint8Array;
}

export interface Emulator {
  /** Answers requests as AWS does, and those of the control API under /_emulator. */
  fetch(request: Request): Promise<Response>;
  /** Returns the same counts as `GET /_emulator/stats`. */
  stats(): Statistics;
}

const platformRandom = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

export function createEmulator(options: EmulatorOptions): Emulator {
  const { clock, credentials, random = platformRandom } = options;
  const nowMs = () => clock.now();
  const controlled: Controlled = {
    scripts: new ScriptedHistories(),
    eventScripts: new ScriptedHistories(),
    directory: new Directory(options.scheduled === true),
    faults: new FaultInjector(),
    statistics: new CallStatistics(),
    nowMs,
  };
  const { scripts, eventScripts, directory, faults, statistics } = controlled;
  const findHistory = (executionId: string) => scripts.find(executionId) ?? scenarioHistory(executionId);
  const findEvents = (arn: string) => eventScripts.find(arn) ?? scenarioEvents(arn);
  const tokens = createPageTokens(random);
  const sessions = new RoleSessions(random, options.roles);
  const services: AwsServices = {
    operations: [
      listFlowExecutionMessages(findHistory, tokens, options.regions),
      getExecutionHistory(findEvents, tokens, options.regions),
      describeExecution(findEvents, (arn) => directory.mapRunOf(arn), options.regions),
      listExecutions(directory, findEvents, tokens, options.regions),
      listStateMachines(directory, tokens, options.regions),
    ],
    nowMs,
    credentials: (accessKeyId) =>
      accessKeyId === credentials.accessKeyId ? credentials : sessions.credentials(accessKeyId),
  };

  const failure = (operation: Operation, name: AwsErrorName, message?: string): Response => {
    statistics.failed(name);
    return errorAnswer(message === undefined ? { name } : { name, message }, operation.contentType);
  };

  async function answerPlanned(
    operation: Operation,
    call: PreparedCall,
    plan: CallPlan,
    signal: AbortSignal,
  ): Promise<Response> {
    if (plan.latencyMs > 0) await clock.sleep(plan.latencyMs, signal);
    switch (plan.outcome) {
      case 'throttle':
        return failure(operation, 'ThrottlingException', 'Rate exceeded');
      case 'internal-error':
        return failure(operation, 'InternalFailureException');
      case 'xml-error':
        return xmlErrorAnswer(
          'AccessDeniedException',
          'A proxy in front of the service refused this request',
          403,
        );
      case 'reset':
        return resetAnswer();
      case 'stall':
        await stall(plan.stallMs, signal);
        break;
      case 'truncate':
      case 'answer':
    }
    const result = call.answer(plan.conditions(nowMs()));
    if (!result.ok) return failure(operation, result.error.name, result.error.message);
    return plan.outcome === 'truncate'
      ? truncatedAnswer(encodeJson(result.value), operation.contentType)
      : jsonAnswer(result.value, operation.contentType);
  }

  const stall = (stallMs: number | undefined, signal: AbortSignal): Promise<void> =>
    stallMs === undefined ? aborted(signal) : clock.sleep(stallMs, signal);

  async function answerAws(request: Request): Promise<Response> {
    const admission = await admit(request, services);
    if (!admission.admitted) {
      statistics.refused(admission.reason);
      return admission.response;
    }
    const { operation, input, signer } = admission;
    const name = operation.target.slice(operation.target.lastIndexOf('.') + 1);
    const account = sessions.credentials(signer.accessKeyId)?.account ?? ACCOUNT;
    const caller = { region: signer.region, account };
    const call = operation.prepare(input, caller);
    if (!call.ok) {
      statistics.invalid(name, call.error.name);
      return errorAnswer(call.error, operation.contentType);
    }
    const { executionId, quota } = call.value;
    const plan = faults.plan(executionId, nowMs(), quota);
    const end = statistics.begin(name, executionId, plan);
    try {
      if (faults.faults.denied?.includes(name)) {
        return failure(operation, 'AccessDeniedException', deniedText(account, name, executionId));
      }
      return await answerPlanned(operation, call.value, plan, request.signal);
    } finally {
      end();
    }
  }

  return {
    stats: () => statistics.snapshot(),
    fetch: async (request) => {
      if (isControl(new URL(request.url).pathname)) return answerControl(request, controlled);
      const response = isQuery(request)
        ? await answerQuery(request, {
            services,
            sessions,
            statistics,
            ...(options.regions && { regions: options.regions }),
          })
        : await answerAws(request);
      // The emulator's clock. A client whose clock is wrong corrects it by this header and signs again.
      response.headers.set('date', new Date(nowMs()).toUTCString());
      response.headers.set('x-amzn-requestid', requestId(random(16)));
      return response;
    },
  };
}

/**
 * The account that the credentials in the options belong to. Credentials of a role belong to the role's
 * account.
 */
const ACCOUNT = '123456789012';

/** The text that AWS uses. */
const deniedText = (account: string, operation: string, resource: string): string =>
  `User: arn:aws:iam::${account}:user/emulator is not authorized to perform: states:${operation} on resource: ${resource} ` +
  `because no identity-based policy allows the states:${operation} action`;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Formats a request id as a UUID, like AWS's. */
const requestId = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
