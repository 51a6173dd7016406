/** Tests the hook without a browser. test/cli/package.test.ts tests it in Chromium, in the example application. */
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';

import { type UseExecutionOptions, useExecution } from '../../src/react/use-execution.ts';

function rendered(id: string | undefined, options: UseExecutionOptions): string {
  const Execution = () => JSON.stringify(useExecution(id, options));
  return renderToString(createElement(Execution)).replaceAll('&quot;', '"');
}

test('in server-side rendering, the hook returns the phase `connecting` and makes no request', () => {
  let asked = 0;
  const ticket = () => {
    asked++;
    return 'a ticket';
  };
  expect(JSON.parse(rendered('a', { ticket }))).toMatchObject({ phase: 'connecting', messages: [] });
  expect(asked).toBe(0);
});

test('without an execution id, the hook stays in the phase `connecting`', () => {
  expect(JSON.parse(rendered(undefined, { ticketUrl: '/ticket' }))).toMatchObject({
    phase: 'connecting',
    messages: [],
  });
});

test('ticketUrl and ticket together are refused', () => {
  expect(() => rendered('a', { ticketUrl: '/ticket', ticket: 't' })).toThrow(
    "give 'ticketUrl' or 'ticket', not both",
  );
});
