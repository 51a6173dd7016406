import * as z from 'zod/mini';
import { expect, test } from 'vitest';
import { isIsoDate, isIsoTime } from '../../src/core/iso-time.ts';

const DATES = [
  '2027-01-31',
  '2024-02-29',
  '0000-01-01',
  '9999-12-31',
  '2027-02-29',
  '2027-02-30',
  '2027-04-31',
  '2100-02-29',
  '2027-00-10',
  '2027-13-01',
  '2027-01-00',
  '2027-1-31',
  '27-01-31',
  '+002027-01-31',
  '2027-01-31 ',
  '2027-01-31\n',
  '',
];

const TIMES = [
  'T00:00:00Z',
  'T23:59:59.123456789+23:59',
  'T09:30Z',
  'T09:30-05:00',
  'T24:00:00Z',
  'T09:60:00Z',
  'T09:30:60Z',
  'T09:30:00.Z',
  'T09:30:00,5Z',
  'T09:30:00',
  'T09:30:00+0100',
  'T09:30:00+24:00',
  'T9:30:00Z',
  't09:30:00Z',
  ' 09:30:00Z',
  'T09:30:00z',
  'T09:30:00Z\n',
];

const times = DATES.flatMap((date) => TIMES.map((time) => `${date}${time}`));
const isDateOfZod = (text: string): boolean => z.iso.date().safeParse(text).success;
const isTimeOfZod = (text: string): boolean => z.iso.datetime({ offset: true }).safeParse(text).success;

test('exactly the dates and times that zod accepts are accepted', () => {
  for (const text of [...DATES, ...times]) {
    expect([text, isIsoDate(text)]).toEqual([text, isDateOfZod(text)]);
    expect([text, isIsoTime(text)]).toEqual([text, isTimeOfZod(text)]);
  }
  expect(times.filter(isIsoTime)).toHaveLength(8);
});
