/** Problems for credentials that are missing, wrong, ambiguous, or no longer valid. */
import { API_KEY_FORM } from '../core/api-key-format.ts';
import { AWS_KEY_ADVICE } from './aws-key-advice.ts';
import type { DocumentationOf, ProblemEntries } from './problem-entry.ts';

/** The response header that names the accepted kind of credential (RFC 6750, section 3). */
const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="flowtap"' };
const INVALID_TOKEN_CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="flowtap", error="invalid_token"' };

const NO_API_KEY_AS_SESSION_TOKEN = `The session token is not an API key of this service. A key is ${API_KEY_FORM}. ${AWS_KEY_ADVICE}`;

/** Describes what is wrong with an Authorization header that has no bearer token. */
function schemeText(scheme: string | undefined): string {
  if (scheme === undefined) return '';
  if (scheme === '') return 'The Authorization header has no scheme. ';
  return scheme === 'Bearer'
    ? 'The Authorization header has nothing after its scheme Bearer. '
    : `The Authorization header has the scheme ${scheme}, but only Bearer is supported. `;
}

export const credentialProblems = {
  'conflicting-credentials': {
    code: 'ConflictingCredentials',
    title: 'Two different credentials',
    detail:
      'The request carries two different credentials. Send only one: Authorization: Bearer <key>, or X-API-Key.',
    exception: 'InvalidRequestException',
    awsMessage: 'The request carries two different credentials. Send only the session token.',
  },
  'key-in-url': {
    code: 'KeyInUrl',
    title: 'API key in the URL',
    detail: ({ name }) =>
      `The URL contains an API key (${name}). URLs end up in logs and histories: send the key as ` +
      'Authorization: Bearer <key>, and rotate this one.',
    exception: 'InvalidRequestException',
    awsMessage:
      'The URL contains an API key. URLs end up in logs: rotate this key, and remove it from endpoint_url. ' +
      AWS_KEY_ADVICE,
  },
  'missing-credentials': {
    code: 'MissingCredentials',
    title: ({ wanted }) => (wanted ? 'No admin token' : 'No API key'),
    detail: ({ wanted, scheme }) =>
      schemeText(scheme) +
      (wanted
        ? 'The admin API needs the admin token. Send the ADMIN_TOKEN of this service as Authorization: Bearer <token>.'
        : 'Send an API key as Authorization: Bearer <key> or as X-API-Key.'),
    headers: CHALLENGE,
    exception: 'UnrecognizedClientException',
    awsMessage: `The request carries no session token. ${AWS_KEY_ADVICE}`,
  },
  'invalid-key': {
    code: 'InvalidApiKey',
    title: ({ wanted }) => (wanted ? 'Wrong admin token' : 'Unknown API key'),
    detail: ({ wanted }) =>
      wanted
        ? 'This is not the admin token of this service. Send the complete ADMIN_TOKEN. API keys are not accepted here.'
        : `This is not an API key of this service. Check that it was copied completely: ${API_KEY_FORM}.`,
    headers: INVALID_TOKEN_CHALLENGE,
    exception: 'UnrecognizedClientException',
    awsMessage: NO_API_KEY_AS_SESSION_TOKEN,
  },
  'revoked-key': {
    code: 'RevokedApiKey',
    title: 'Revoked API key',
    detail: 'This API key was revoked. Ask the operator of this service for a new one.',
    headers: INVALID_TOKEN_CHALLENGE,
    exception: 'UnrecognizedClientException',
  },
  'expired-key': {
    code: 'ExpiredApiKey',
    title: 'Expired API key',
    detail: 'This API key has expired. Ask the operator of this service for a new one.',
    headers: INVALID_TOKEN_CHALLENGE,
    exception: 'UnrecognizedClientException',
  },
  'invalid-ticket': {
    code: 'InvalidTicket',
    title: 'Invalid ticket',
    detail:
      'This ticket was not issued by this service for this execution, or its key is no longer valid. Ask your back end ' +
      'for a new one.',
    headers: CHALLENGE,
    exception: 'UnrecognizedClientException',
    awsMessage: NO_API_KEY_AS_SESSION_TOKEN,
  },
  'expired-ticket': {
    code: 'ExpiredTicket',
    title: 'Expired ticket',
    detail: 'This ticket has expired. Ask your back end for a new one.',
    headers: CHALLENGE,
    exception: 'UnrecognizedClientException',
    awsMessage: NO_API_KEY_AS_SESSION_TOKEN,
  },
} as const satisfies Partial<ProblemEntries>;

export const credentialDocumentation: DocumentationOf<typeof credentialProblems> = {
  ConflictingCredentials: {
    meaning: 'The request carries two different credentials.',
    cause: 'Often a proxy or a library adds its own Authorization header.',
    action: 'Send only one: Authorization: Bearer <key>, or X-API-Key: <key>, or ?ticket=.',
    examples: { 'conflicting-credentials': { type: 'conflicting-credentials' } },
  },
  KeyInUrl: {
    meaning: 'The URL contains an API key.',
    cause:
      'URLs end up in logs, histories and referrers. So a key in the URL is rejected, even if a header carries a valid one.',
    action:
      'Send the key in a header, and rotate the one that was in the URL. For browsers, create a ticket.',
    examples: { 'key-in-url': { type: 'key-in-url', name: 'key' } },
  },
  MissingCredentials: {
    meaning: 'The request carries no API key or, for the admin API, no admin token.',
    cause:
      'The request has no Authorization: Bearer, no X-API-Key and no ticket. The admin API accepts only Authorization: Bearer.',
    action:
      'Ask the operator of the service for a key, and send it. For the admin API, send the ADMIN_TOKEN.',
    examples: { 'missing-credentials': { type: 'missing-credentials' } },
    adminExample: { type: 'missing-credentials', wanted: 'admin-token' },
  },
  InvalidApiKey: {
    meaning: 'This service does not know the API key, or the admin token is wrong.',
    cause: 'The key is incomplete or mistyped, belongs to another deployment, or never existed.',
    action: 'Copy the complete key again, see detail. The admin API accepts only the ADMIN_TOKEN, no keys.',
    examples: { 'invalid-key': { type: 'invalid-key' } },
    adminExample: { type: 'invalid-key', wanted: 'admin-token' },
  },
  RevokedApiKey: {
    meaning: 'The API key was revoked.',
    cause: 'The operator of the service revoked it.',
    action: 'Ask the operator for a new key.',
    examples: { 'revoked-key': { type: 'revoked-key' } },
  },
  ExpiredApiKey: {
    meaning: 'The API key has expired.',
    cause: 'It reached its expiry time, or it was rotated and the overlap is over.',
    action: 'Use the key that replaced it, or ask the operator for a new one.',
    examples: { 'expired-key': { type: 'expired-key' } },
  },
  InvalidTicket: {
    meaning: 'The ticket was not issued by this service for this execution, or its key is no longer valid.',
    cause:
      'The ticket is incomplete or was signed with another secret. Or its key was revoked, or may no longer create tickets.',
    action: 'Create a new one with POST …/tickets.',
    examples: { 'invalid-ticket': { type: 'invalid-ticket' } },
  },
  ExpiredTicket: {
    meaning: 'The ticket has expired.',
    cause: 'A ticket lasts minutes, at most an hour. Using it does not extend it.',
    action: 'Create a new one with POST …/tickets.',
    examples: { 'expired-ticket': { type: 'expired-ticket' } },
  },
};
