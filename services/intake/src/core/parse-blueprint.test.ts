import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { defaultLimits, type Limits } from './limits.ts';
import { plainValue } from './located.ts';
import { parseBlueprint } from './parse-blueprint.ts';
import { sayings } from './testing/decide-text.ts';

vi.setConfig({ testTimeout: 60_000 }); // many runs, on a machine that is shared

function parse(text: string, limits: Partial<Limits> = {}) {
  return parseBlueprint(text, { ...defaultLimits, ...limits });
}

function valueIn(text: string): unknown {
  const parsed = parse(text);
  return parsed.kind === 'read' ? JSON.parse(JSON.stringify(plainValue(parsed.source.tree))) : sayings(parsed);
}

test('parseBlueprint() reads YAML and JSON alike', () => {
  const value = { name: 'shop', services: [{ name: 'web', ports: [8080], env: { A: 'b\n', C: '1.20' } }] };
  expect(valueIn(JSON.stringify(value, null, '\t'))).toEqual(value);
  expect(valueIn('name: shop\nservices:\n- name: web\n  ports: [8080]\n  env: {A: "b\\n", C: "1.20"}')).toEqual(value);
});

test('parseBlueprint() expands anchors and aliases to the newest anchor before them', () => {
  expect(valueIn('a: &x 1\nb: *x\nc: &x 2\nd: *x\n')).toEqual({ a: 1, b: 1, c: 2, d: 2 });
});

describe('parseBlueprint() refuses', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['nothing', '', '1:1 empty blueprint'],
    ['only comments', '# nothing\n---\n', '1:1 empty blueprint'],
    ['a second document', 'a: 1\n---\nb: 2\n', '2:1 syntax blueprint'],
    ['a repeated key', 'a: 1\nb: 2\na: 3\n', '3:1 duplicate-key blueprint'],
    ['an alias without an anchor', 'a: *b\n', '1:4 unknown-alias blueprint'],
    ['an alias inside of what it names', 'a: &a [1, *a]\n', '1:11 alias-cycle blueprint'],
    ['a key that is a list', '? [a]\n: 1\n', '1:3 bad-key blueprint'],
    ['a key that objects give a meaning to', 'a: {__proto__: {x: 1}}\n', '1:5 bad-key blueprint'],
    ['a tag of its own', 'a: !!binary aGk=\n', '1:4 syntax blueprint'],
    ['a NUL in a text', 'a: "x\\0y"\n', '1:4 bad-text blueprint'],
    ['half of a surrogate pair', 'a: "\\ud800"\n', '1:4 bad-text blueprint'],
    ['a control character', 'a: 1\nb: \u0002\n', '2:4 syntax blueprint'],
  ];
  for (const [what, text, saying] of cases)
    test(what, () => {
      expect(sayings(parse(text))[0]).toBe(saying);
    });
});

test('parseBlueprint() stops at its limits, and the finding names the limit', () => {
  const reasonOf = (text: string, limits: Partial<Limits>) => parse(text, limits).findings.map(({ reason }) => reason);
  expect(reasonOf('a: [1, 2, 3, 4]', { maxTokens: 8 })).toEqual(['the Blueprint has more than 8 tokens (maxTokens)']);
  expect(reasonOf('a: [1, 2, 3, 4]', { maxNodes: 4 })).toEqual(['the Blueprint has more than 4 nodes (maxNodes)']);
  expect(reasonOf('a: [[[[1]]]]', { maxDepth: 4 })).toEqual(['maps and lists are nested deeper than 4 (maxDepth)']);
});

test('parseBlueprint() survives a million brackets', () => {
  expect(sayings(parse('['.repeat(1_000_000)))).toEqual(['1:35 too-deep blueprint']);
});

test('parseBlueprint() quotes nothing of a text that is no YAML', () => {
  for (const text of [
    'a: "hunter2',
    'a: !hunter2 x',
    'a: [hunter2',
    'a: "\\hunter2"',
    'a: |hunter2\n',
    '%hunter2\n---\na: b',
    'a: b: hunter2',
    '}hunter2',
    '- a\nhunter2',
  ])
    expect(JSON.stringify(parse(text).findings), text).not.toContain('hunter2');
});

test('parseBlueprint() never throws, whatever the text', () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        'a',
        ': ',
        '\n',
        '  ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '"',
        "'",
        '&x ',
        '*x',
        '!t ',
        '|',
        '>',
        '#',
        ',',
        '?',
        '%',
        '---\n',
        '1.20',
        '\t',
        '\\',
        `\${`,
        'é',
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish), (text) => {
      expect(['read', 'unreadable']).toContain(parse(text).kind);
    }),
    { numRuns: 600 },
  );
});
