/** Validates answers with botocore's parser, parameter validator and service model. Needs no network. */
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../support/installed.ts';
import type { AwsMessage } from './aws-call.ts';
import { runAlone } from './run-alone.ts';

const SCRIPT = fileURLToPath(new URL('judge_answers.py', import.meta.url));

export interface Judgement {
  readonly problems: readonly string[];
  readonly messages?: readonly AwsMessage[];
  /** The exception's code, if the answer is an exception. */
  readonly code?: string;
}

export interface Judged {
  /** Default: the `defaultOperation` given to `judgeOf`. */
  readonly operation?: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export const judgeOf =
  (service: string, defaultOperation: string) =>
  async (answers: readonly (Response | Judged)[]): Promise<readonly Judgement[]> => {
    const lines = await Promise.all(
      answers.map(async (answer) => {
        const { status } = answer;
        const headers = Object.fromEntries(answer.headers);
        return JSON.stringify(
          answer instanceof Response
            ? { status, headers, body: await answer.text() }
            : { ...answer, headers },
        );
      }),
    );
    const input = lines.join('\n');
    const { code, stdout, stderr } = await runAlone(PYTHON, [SCRIPT, service, defaultOperation], { input });
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
