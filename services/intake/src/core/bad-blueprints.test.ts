import { expect, test } from 'vitest';
import { hostile } from './testing/bad-blueprints/hostile.ts';
import { lineage } from './testing/bad-blueprints/lineage.ts';
import { services } from './testing/bad-blueprints/services.ts';
import { shapes } from './testing/bad-blueprints/shapes.ts';
import { syntax } from './testing/bad-blueprints/syntax.ts';
import { values } from './testing/bad-blueprints/values.ts';
import type { BadBlueprint } from './testing/bad-input.ts';
import { decideText } from './testing/decide-text.ts';

const corpus: readonly BadBlueprint[] = [...syntax, ...shapes, ...values, ...services, ...hostile, ...lineage];

test('the corpus has at least 150 rows, each with a title of its own', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(150);
  const titles = corpus.map(({ title }) => title);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
});

test.each(corpus.map((row) => [row.title, row] as const))('%s is refused where it stands', (_, row) => {
  const { text, env = 'shop', graph, limits = {}, code, path, line, column, next = '', more = false } = row;
  const decision = decideText(text, { env, limits, ...(graph === undefined ? {} : { graph }) });
  const findings = decision.kind === 'needs parent' ? [decision.unknownParent] : decision.findings;
  const said = findings.map((one) => `${one.position?.line}:${one.position?.column} ${one.code} ${one.subject}`);
  const expected = `${line}:${column} ${code} ${path}`;
  expect(decision.kind).not.toBe('accepted');
  if (more) expect(said).toContain(expected);
  else expect(said).toEqual([expected]);
  expect(findings.map((finding) => finding.next ?? '').join('\n')).toContain(next);
  for (const { reason, subject } of findings) {
    expect(reason).not.toMatch(/\.$|\p{Cc}|\p{Bidi_Control}/u);
    expect(reason.length + subject.length).toBeLessThan(1_000);
  }
});
