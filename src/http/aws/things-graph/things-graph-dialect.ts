/**
 * Defines how responses look to clients of AWS IoT Things Graph: AWS JSON 1.1, with the exception names of
 * that service from the catalogue in problems/.
 */
import { thingsGraphException } from '../../../problems/problem-catalogue.ts';
import type { AwsDialect } from '../aws-answer.ts';

export const thingsGraphDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.1',
  exceptionOf: thingsGraphException,
};
