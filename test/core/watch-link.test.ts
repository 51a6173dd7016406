import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseWatchFragment, watchLink } from '../../src/core/watch-link.ts';

test('a link contains the execution and the ticket in its fragment, with the id readable', () => {
  const link = watchLink('https://flowtap.example.com/flows/', {
    execution: 'urn:tdm:us-west-2/1/default:Workflow:A_1',
    ticket: 'a.b-c_d',
  });
  expect(link).toBe(
    'https://flowtap.example.com/flows/watch#execution=urn:tdm:us-west-2/1/default:Workflow:A_1&ticket=a.b-c_d',
  );
  expect(watchLink('https://flowtap.example.com', {})).toBe('https://flowtap.example.com/watch');
});

test('the page reads from a link exactly the members that were put into it, whatever characters they contain', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, text, (execution, ticket, message) => {
      const link = new URL(watchLink('https://flowtap.example.com', { execution, ticket, message }));
      expect(link.pathname + link.search).toBe('/watch');
      expect(parseWatchFragment(link.hash)).toEqual({ execution, ticket, message });
    }),
  );
});

test('in a fragment, empty members count as absent and unknown members are ignored', () => {
  expect(parseWatchFragment('#execution=&ticket=t&other=1')).toEqual({ ticket: 't' });
  expect(parseWatchFragment('')).toEqual({});
});
