import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseWatchFragment, watchLink } from '../../src/core/watch-link.ts';

test('a link has the execution and the ticket in its fragment, and leaves ids readable', () => {
  const link = watchLink('https://flowtap.example.com/flows/', {
    execution: 'urn:tdm:us-west-2/1/default:Workflow:A_1',
    ticket: 'a.b-c_d',
  });
  expect(link).toBe(
    'https://flowtap.example.com/flows/watch#execution=urn:tdm:us-west-2/1/default:Workflow:A_1&ticket=a.b-c_d',
  );
  expect(watchLink('https://flowtap.example.com', {})).toBe('https://flowtap.example.com/watch');
});

test('the page reads from a link what was put into it, whatever characters an id has', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, text, (execution, ticket, message) => {
      const link = new URL(watchLink('https://flowtap.example.com', { execution, ticket, message }));
      expect(link.pathname + link.search).toBe('/watch');
      expect(parseWatchFragment(link.hash)).toEqual({ execution, ticket, message });
    }),
  );
});

test('an empty member of a fragment is absent, and unknown ones are ignored', () => {
  expect(parseWatchFragment('#execution=&ticket=t&other=1')).toEqual({ ticket: 't' });
  expect(parseWatchFragment('')).toEqual({});
});
