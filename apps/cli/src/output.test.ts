import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { exitCodes } from './exit-codes.ts';
import {
  ago,
  clean,
  dollars,
  type Listing,
  outputFormats,
  parseOutput,
  printListing,
  printObject,
  table,
  text,
} from './output.ts';

type Row = { readonly name: string; readonly count: number | null; readonly note: string };

const listing: Listing<Row> = {
  items: [
    { name: 'payments', count: 12, note: 'a longer note' },
    { name: 'web', count: null, note: 'b' },
  ],
  name: ({ name }) => `service/${name}`,
  columns: [
    { head: 'NAME', of: ({ name }) => name },
    { head: 'COUNT', of: ({ count }) => count },
    { head: 'NOTE', of: ({ note }) => note, wide: true },
  ],
};

test('a table pads its columns, leaves out wide ones and ends no line with blanks', () => {
  expect(printListing('table', listing)).toBe('NAME       COUNT\npayments   12\nweb        -\n');
});

test('wide shows every column', () => {
  expect(printListing('wide', listing)).toBe(
    'NAME       COUNT   NOTE\npayments   12      a longer note\nweb        -       b\n',
  );
});

test('an empty table is its heads alone', () => {
  expect(printListing('table', { ...listing, items: [] })).toBe('NAME   COUNT\n');
});

test('json and yaml give the whole items, also what no column shows', () => {
  expect(JSON.parse(printListing('json', listing))).toEqual(listing.items);
  expect(parse(printListing('yaml', listing))).toEqual(listing.items);
});

test('name prints one name a line', () => {
  expect(printListing('name', listing)).toBe('service/payments\nservice/web\n');
});

test('one object is drawn for people, and given whole to scripts', () => {
  const item = { env: 'shop', state: 'ready' };
  const print = (format: (typeof outputFormats)[number]): string =>
    printObject(format, item, ({ env }) => `drawn ${env}\n`, 'environment/shop');
  expect(print('table')).toBe('drawn shop\n');
  expect(print('wide')).toBe('drawn shop\n');
  expect(JSON.parse(print('json'))).toEqual(item);
  expect(parse(print('yaml'))).toEqual(item);
  expect(print('name')).toBe('environment/shop\n');
});

test('what a user typed reaches no terminal as a control character', () => {
  expect(clean('a\u001b[2Jb\u0007\rc\u009b31m')).toBe('a\ufffd[2Jb\ufffd\ufffdc\ufffd31m');
  const hostile: Listing<string> = {
    items: ['\u001b]0;title\u0007'],
    name: (item) => item,
    columns: [{ head: 'X', of: (item) => item }],
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(printListing('table', hostile)).not.toMatch(/[\u001b\u0007]/);
});

test('a colour code takes no width in a table', () => {
  expect(table(['A', 'B'], [['\u001b[1mxx\u001b[22m', 'y']])).toBe('A    B\n\u001b[1mxx\u001b[22m   y\n');
});

test('nothing is shown as a dash, zero as zero', () => {
  expect([null, undefined, '', 0].map(text)).toEqual(['-', '-', '-', '0']);
});

test('micro-dollars become dollars with at least two digits and no rounding', () => {
  expect([0, 1, 12_345, 1_500_000, -20_000, 1_234_567].map(dollars)).toEqual([
    '$0.00',
    '$0.000001',
    '$0.012345',
    '$1.50',
    '-$0.02',
    '$1.234567',
  ]);
});

test('an age is one number and one unit, and never negative', () => {
  const now = 1_000_000_000;
  expect([-5, 3, 119, 120, 7_199, 7_200, 172_799, 172_800].map((seconds) => ago(now - seconds * 1000, now))).toEqual([
    '0s',
    '3s',
    '119s',
    '2m',
    '120m',
    '2h',
    '48h',
    '2d',
  ]);
});

test('every format is known by its name, another one is refused with the list', () => {
  expect(outputFormats.map((one) => parseOutput(one))).toEqual(outputFormats);
  expect(() => parseOutput('csv')).toThrow(
    expect.objectContaining({
      exitCode: exitCodes.usage,
      message: 'Cannot print as "csv": allowed are table, wide, json, yaml, name',
    }),
  );
  expect(() => parseOutput('csv', ['mermaid'])).toThrow('json, yaml, name, mermaid');
  expect(parseOutput('mermaid', ['mermaid'])).toBe('mermaid');
});
