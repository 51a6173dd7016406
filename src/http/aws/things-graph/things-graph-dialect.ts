/**
 * How AWS IoT Things Graph answers: JSON 1.1, and its names of failures, which are those of the catalogue in
 * problems/.
 */
import { thingsGraphException } from '../../../problems/problem-catalogue.ts';
import type { AwsDialect } from '../aws-answer.ts';

export const thingsGraphDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.1',
  exceptionOf: thingsGraphException,
};
