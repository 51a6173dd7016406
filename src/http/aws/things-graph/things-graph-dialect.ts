/**
 * Responses in the style of AWS IoT Things Graph: JSON 1.1, and its exception names, which the catalogue in
 * problems/ defines.
 */
import { thingsGraphException } from '../../../problems/problem-catalogue.ts';
import type { AwsDialect } from '../aws-answer.ts';

export const thingsGraphDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.1',
  exceptionOf: thingsGraphException,
};
