/**
 * Explains a failed `fetch` in words. Platforms hide the reason ("fetch failed") or show raw OpenSSL text.
 * The patterns match the error codes of Node, and the messages of platforms without codes (Deno, browsers).
 */

export type NetworkFaultKind =
  'host-not-found' | 'connection-refused' | 'not-tls' | 'not-http' | 'untrusted-certificate' | 'unknown';

export interface NetworkFault {
  readonly kind: NetworkFaultKind;
  readonly text: string;
}

const FAULTS: readonly (readonly [NetworkFaultKind, RegExp, string | undefined])[] = [
  [
    'host-not-found',
    /ENOTFOUND|EAI_AGAIN|dns error|failed to lookup address/i,
    'the host name cannot be resolved',
  ],
  ['connection-refused', /ECONNREFUSED|connection refused/i, 'the connection was refused'],
  [
    'not-tls',
    /ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)|InvalidContentType|wrong version number/i,
    'the server does not speak TLS on this port',
  ],
  [
    'not-http',
    /HPE_INVALID_CONSTANT|invalid HTTP version parsed/i,
    'the server does not speak plain HTTP on this port',
  ],
  // Shows the platform's message, which is short and names the fault.
  [
    'untrusted-certificate',
    /CERT_|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ALTNAME|invalid peer certificate/i,
    undefined,
  ],
  ['unknown', /ERR_SSL_|SSL routines/i, 'the TLS handshake failed'],
];

/** Explains an error of `fetch` or of a body's reader. */
export function networkFault(error: unknown): NetworkFault {
  const reasons = causesOf(error);
  const haystack = reasons.map(({ code, message }) => `${code} ${message}`).join('\n');
  const platformText = reasons.at(-1)?.message || reasons.at(-1)?.code || String(error);
  for (const [kind, pattern, text] of FAULTS) {
    if (pattern.test(haystack))
      return { kind, text: text ?? `the certificate is not valid here: ${platformText}` };
  }
  return { kind: 'unknown', text: platformText };
}

/**
 * Node's errors have two levels: "fetch failed" and its cause. Four leave room for wrappers, and bound
 * circular causes.
 */
const CAUSES_MAX = 4;

function causesOf(error: unknown): { readonly code: string; readonly message: string }[] {
  const found: { code: string; message: string }[] = [];
  for (let next = error; next instanceof Error && found.length < CAUSES_MAX; next = next.cause) {
    const code: unknown = Reflect.get(next, 'code');
    found.push({ code: typeof code === 'string' ? code : '', message: next.message });
  }
  return found;
}
