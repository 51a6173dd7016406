/** Types for packages that have none, as far as the tests use them. */
declare module 'launchdarkly-eventsource' {
  export class EventSource {
    static readonly CLOSED: number;
    readonly readyState: number;
    constructor(url: string, options: { readonly headers: Readonly<Record<string, string>> });
    addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
    close(): void;
  }
}

declare module 'swagger-client' {
  interface Sent {
    readonly headers: Record<string, string>;
  }
  interface Answer {
    readonly status: number;
    readonly obj: unknown;
  }
  type Operation = (
    parameters: Readonly<Record<string, unknown>>,
    options: { readonly requestInterceptor: (request: Sent) => Sent },
  ) => Promise<Answer>;
  interface Client {
    readonly apis: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    execute(options: {
      readonly operationId: string;
      readonly parameters: Readonly<Record<string, unknown>>;
      readonly securities?: { readonly authorized: Readonly<Record<string, unknown>> };
      readonly requestInterceptor?: (request: Sent) => Sent;
    }): Promise<Answer>;
  }
  export default function SwaggerClient(options: { readonly url: string }): Promise<Client>;
}
