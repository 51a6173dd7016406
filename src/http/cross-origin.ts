/**
 * CORS: what pages of other origins may send and read. Allowing every origin is safe, because requests are
 * authenticated by a key and never by cookies.
 */

/**
 * The request headers that a preflight allows: those that this API reads, and those that common libraries add
 * by themselves. If a request has a header that is missing here, the browser rejects it ("Failed to fetch").
 * Unnecessary entries are harmless. `*` is not enough, because it does not include Authorization.
 */
const ALLOWED_REQUEST_HEADERS: readonly string[] = [
  // This API reads these.
  'Authorization',
  'X-API-Key',
  'Last-Event-ID',
  'Content-Type',
  'If-None-Match',
  // EventSource polyfills, HTTP libraries and cache busters add these.
  'Accept',
  'Cache-Control',
  'Expires',
  'If-Modified-Since',
  'Pragma',
  'X-Requested-With',
  'X-Request-Id',
  'X-Correlation-Id',
  // Tracing tools add these: W3C, Sentry, Zipkin, Datadog, New Relic, Elastic, AWS, Azure.
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

/** Returns the headers that allow the requesting page to read the response. */
export type CrossOrigin = (request: Request) => Readonly<Record<string, string>>;

/**
 * `origins` lists the allowed origins. `*` allows any. The result depends on the header `Origin`, so
 * responses must name it in `Vary`.
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
