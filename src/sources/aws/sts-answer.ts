/**
 * Reads the credentials from AssumeRole's XML. Instead of parsing the XML, it searches for four elements.
 * Each must occur exactly once and contain only text; any other answer is refused. No I/O, no clock.
 */
import type { AwsCredentials } from './aws-credentials.ts';

export interface AssumedRole {
  readonly credentials: AwsCredentials;
  readonly expiresAtMs: number;
}

/** Undefined if `xml` is not a valid answer of AssumeRole. */
export function parseAssumedRole(xml: string): AssumedRole | undefined {
  const credentials = onlyElement(xml, 'Credentials');
  if (credentials === undefined) return undefined;
  const accessKeyId = textOf(credentials, 'AccessKeyId', /^\w{16,128}$/);
  const secretAccessKey = textOf(credentials, 'SecretAccessKey', HEADER_TEXT);
  const sessionToken = textOf(credentials, 'SessionToken', HEADER_TEXT);
  const expiration = textOf(
    credentials,
    'Expiration',
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/,
  );
  const expiresAtMs = Date.parse(expiration ?? '');
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined) {
    return undefined;
  }
  if (Number.isNaN(expiresAtMs)) return undefined;
  return { credentials: { accessKeyId, secretAccessKey, sessionToken }, expiresAtMs };
}

/** The token is sent as a header, so it must be visible ASCII. */
const HEADER_TEXT = /^[\x21-\x7e]{1,16384}$/;

function textOf(xml: string, tag: string, pattern: RegExp): string | undefined {
  const raw = onlyElement(xml, tag)?.trim();
  if (raw === undefined || raw.includes('<')) return undefined;
  const text = raw.replaceAll(/&(?:amp|lt|gt|quot|apos);/g, (entity) => ENTITIES[entity] ?? entity);
  return pattern.test(text) ? text : undefined;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
};

/** Returns the content of the element with this name. Undefined if it is missing or occurs more than once. */
function onlyElement(xml: string, tag: string): string | undefined {
  const [open, close] = [`<${tag}>`, `</${tag}>`];
  const start = xml.indexOf(open);
  const end = xml.indexOf(close, start);
  if (start === -1 || end === -1) return undefined;
  if (xml.includes(open, start + 1) || xml.includes(close, end + 1)) return undefined;
  return xml.slice(start + open.length, end);
}
