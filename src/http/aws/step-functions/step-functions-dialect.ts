/**
 * Responses in the style of Step Functions: JSON 1.0, and its exception names, which the catalogue in
 * problems/ defines.
 */
import { stepFunctionsException } from '../../../problems/problem-catalogue.ts';
import type { AwsDialect } from '../aws-answer.ts';

export const stepFunctionsDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.0',
  exceptionOf: stepFunctionsException,
};
