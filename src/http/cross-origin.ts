/** What pages of other origins may send and read. No cookies are used: the key is the lock. */

/**
 * Request headers that a preflight allows: those that this API reads, and those that scripts in the field add without being
 * asked to. A header that is missing here costs its sender the whole request ("Failed to fetch"); one that nobody reads costs
 * nothing. `*` would not do: it leaves out Authorization.
 */
export const ALLOWED_REQUEST_HEADERS: readonly string[] = [
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

export const EXPOSED_RESPONSE_HEADERS: readonly string[] = [
  'Retry-After',
  'X-Request-Id',
  'ETag',
  'Link',
  'Cache-Status',
];
