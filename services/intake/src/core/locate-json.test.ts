import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from './limits.ts';
import { locateJson } from './locate-json.ts';
import type { Located } from './located.ts';
import { parseBlueprint } from './parse-blueprint.ts';

/** Read as YAML: a comment behind it makes it no JSON any more and moves nothing. */
function asYaml(text: string): Located | undefined {
  const parsed = parseBlueprint(`${text} #`, defaultLimits);
  return parsed.kind === 'read' && parsed.findings.length === 0 ? parsed.source.tree : undefined;
}

describe('locateJson()', () => {
  test('finds the nodes and places that reading the text as YAML finds', () => {
    const maps = fc.dictionary(fc.string({ minLength: 1, unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(maps, fc.constantFrom(undefined, 1, 2), (written, indent) => {
        const text = JSON.stringify(written, undefined, indent);
        const found = locateJson(text, defaultLimits);
        // Where it says nothing the other way is gone in any case.
        if (found !== undefined) expect(found).toEqual(asYaml(text));
      }),
      { numRuns: 1_000 },
    );
  });

  test('keeps numbers as they were written', () => {
    const node = locateJson('{"a": 1.20, "b": -0, "c": 1e3, "d": 12345678901234567890}', defaultLimits);
    expect(node).toEqual(asYaml('{"a": 1.20, "b": -0, "c": 1e3, "d": 12345678901234567890}'));
  });

  test.each([
    '',
    '[]',
    '{"a": 1,}',
    '{"a": 1, "a": 2}',
    '{"": 1}',
    '{"__proto__": 1}',
    '{"a": "\\u0000"}',
    '{"a": "\\ud800"}',
    '{"a": "\\x"}',
    '{"a": 01}',
    '{"a": 1} x',
    '{"a" 1}',
    "{'a': 1}",
    '{"a": "b',
    '{"a": "line\nbreak"}',
    '{"a": tru}',
    '{a: 1}',
    `{"${'k'.repeat(1025)}": 1}`,
  ])('says nothing of %j', (text) => {
    expect(locateJson(text, defaultLimits)).toBeUndefined();
  });

  test('says nothing of what passes a limit', () => {
    const deep = `{"a": ${'['.repeat(40)}${']'.repeat(40)}}`;
    expect(locateJson(deep, defaultLimits)).toBeUndefined();
    expect(locateJson('{"a": [1, 2, 3]}', { ...defaultLimits, maxNodes: 4 })).toBeUndefined();
    expect(locateJson('{"a": [1, 2, 3]}', { ...defaultLimits, maxNodes: 5 })).toBeDefined();
  });
});
