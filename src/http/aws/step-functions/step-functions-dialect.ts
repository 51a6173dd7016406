/**
 * How Step Functions answers: JSON 1.0, and its names of failures, which are those of the catalogue in
 * problems/.
 */
import { stepFunctionsException } from '../../../problems/problem-catalogue.ts';
import type { AwsDialect } from '../aws-answer.ts';

export const stepFunctionsDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.0',
  exceptionOf: stepFunctionsException,
};
