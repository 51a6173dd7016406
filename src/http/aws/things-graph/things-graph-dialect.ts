/**
 * How AWS IoT Things Graph answers: JSON 1.1, and its names of failures. They are those of the catalogue in problems/.
 *
 * Sources: botocore's model iotthingsgraph/2018-09-06 (InvalidRequestException, ResourceNotFoundException,
 * ThrottlingException, InternalFailureException); AWS's common errors for the rest.
 */
import { problemEntry } from '../../../problems/problem-catalogue.ts';
import { resolve } from '../../../problems/problem-entry.ts';
import type { AwsDialect } from '../aws-answer.ts';

export const thingsGraphDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.1',
  exceptionOf: (failure) => {
    const { exception, awsMessage, detail } = problemEntry(failure);
    return { name: exception, message: resolve(awsMessage ?? detail, failure) };
  },
};
