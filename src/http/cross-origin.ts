/**
 * CORS: what pages of other origins may send and read. Any origin may be allowed, because requests need a key
 * and no cookies.
 */

/**
 * Request headers that a preflight allows: those that this API reads, and those that common libraries add by
 * themselves. Without an entry here, a request with that header fails ("Failed to fetch"); an entry that is
 * not needed costs nothing. `*` is not enough, because it does not cover Authorization.
 */
const ALLOWED_REQUEST_HEADERS: readonly string[] = [
  // Read by this API.
  'Authorization',
  'X-API-Key',
  'Last-Event-ID',
  'Content-Type',
  'If-None-Match',
  // EventSource polyfills, HTTP libraries and cache busters.
  'Accept',
  'Cache-Control',
  'Expires',
  'If-Modified-Since',
  'Pragma',
  'X-Requested-With',
  'X-Request-Id',
  'X-Correlation-Id',
  // Tracing: W3C, Sentry, Zipkin, Datadog, New Relic, Elastic, AWS, Azure.
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'b3',
  'X-B3-TraceId',
  'X-B3-SpanId',
  'X-B3-ParentSpanId',
  'X-B3-Sampled',
  'X-B3-Flags',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-origin',
  'x-datadog-sampling-priority',
  'x-datadog-tags',
  'newrelic',
  'elastic-apm-traceparent',
  'X-Amzn-Trace-Id',
  'Request-Id',
  'Request-Context',
];

const EXPOSED_RESPONSE_HEADERS = 'Retry-After,X-Request-Id,ETag,Link,Cache-Status';

/** How long browsers cache a preflight. Chromium's maximum is two hours. */
const PREFLIGHT_SECONDS = 7_200;

/** The headers that allow the requesting page to read the response. */
export type CrossOrigin = (request: Request) => Readonly<Record<string, string>>;

/**
 * `origins`: those that may call; `*` stands for any. Responses depend on `Origin`, which their `Vary` names.
 */
export function createCrossOrigin(origins: readonly string[]): CrossOrigin {
  const isOpen = origins.includes('*');
  const exposed = { 'Access-Control-Expose-Headers': EXPOSED_RESPONSE_HEADERS };
  const open = { ...exposed, 'Access-Control-Allow-Origin': '*' };
  return ({ headers }) => {
    if (isOpen) return open;
    const origin = headers.get('Origin') ?? '';
    return origins.includes(origin) ? { ...exposed, 'Access-Control-Allow-Origin': origin } : exposed;
  };
}

/** The answer to a preflight. */
export const preflight = (): Response =>
  new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Methods': 'GET,HEAD,POST',
      'Access-Control-Allow-Headers': ALLOWED_REQUEST_HEADERS.join(),
      'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
      Vary: 'Origin, Access-Control-Request-Headers',
    },
  });
