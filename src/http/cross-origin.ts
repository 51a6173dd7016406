/** What pages of other origins may send and read. No cookies are used: the key is the lock. */

/**
 * Request headers that a preflight allows: those that this API reads, and those that scripts in the field add without being
 * asked to. A header that is missing here costs its sender the whole request ("Failed to fetch"); one that nobody reads costs
 * nothing. `*` would not do: it leaves out Authorization.
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

/** How long browsers remember a preflight. Chromium keeps none longer than two hours. */
const PREFLIGHT_SECONDS = 7_200;

/** Adds to a response what lets the page that sent the request read it. */
export type CrossOrigin = (request: Request, response: Response) => void;

/** `origins`: those that may call; `*` stands for any. Answers depend on `Origin`, which their `Vary` says. */
export function createCrossOrigin(origins: readonly string[]): CrossOrigin {
  const isOpen = origins.includes('*');
  return ({ headers: asked }, { headers }) => {
    const origin = isOpen ? '*' : (asked.get('Origin') ?? '');
    if (isOpen || origins.includes(origin)) headers.set('Access-Control-Allow-Origin', origin);
    headers.set('Access-Control-Expose-Headers', EXPOSED_RESPONSE_HEADERS);
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
