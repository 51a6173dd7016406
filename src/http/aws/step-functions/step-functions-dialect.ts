/**
 * Defines how responses look to clients of Step Functions: AWS JSON 1.0, with the exception names of that
 * service from the catalogue in problems/.
 */
import { stepFunctionsException } from '../../../problems/problem-catalogue.ts';
import type { AwsDialect } from '../aws-answer.ts';

export const stepFunctionsDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.0',
  exceptionOf: stepFunctionsException,
};
