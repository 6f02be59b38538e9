import type { SubmissionAnswer } from '@microstax/contracts/answer';
import type { ActivationItem } from '@microstax/contracts/queries';
import type { Finding } from '@microstax/model/finding';
import type { Outcome } from '@microstax/model/status';
import { expect, test } from 'vitest';
import { exitCodes } from './exit-codes.ts';
import { checkAnswer, checkOutcome, findingLines } from './outcome.ts';

const unknownKey: Finding = {
  severity: 'error',
  code: 'unknown-key',
  subject: '/services/0/prots',
  reason: 'unknown key "prots"',
  next: 'did you mean "ports"?',
  position: { line: 4, column: 5 },
};

test('a finding is one line: file, line, column, subject, reason, what to do', () => {
  expect(findingLines([unknownKey], 'shop.yaml')).toEqual([
    'shop.yaml:4:5: /services/0/prots: unknown key "prots" (did you mean "ports"?)',
  ]);
});

test('a finding without a file of ours names the one it knows, else the Blueprint', () => {
  const { next: _, ...plain } = unknownKey;
  expect(findingLines([plain])).toEqual(['blueprint:4:5: /services/0/prots: unknown key "prots"']);
  expect(findingLines([{ ...plain, position: { file: 'a.json', line: 1, column: 2 } }])).toEqual([
    'a.json:1:2: /services/0/prots: unknown key "prots"',
  ]);
});

test('a finding without a position, subject or error is said without them', () => {
  expect(findingLines([{ severity: 'warning', code: 'x', subject: '', reason: 'price of memory is a guess' }])).toEqual(
    ['warning: price of memory is a guess'],
  );
});

test('a finding that quotes control characters gives the terminal none', () => {
  expect(findingLines([{ severity: 'error', code: 'x', subject: 'a\u001b[2J', reason: 'b' }])).toEqual([
    'a\ufffd[2J: b',
  ]);
});

test.each<SubmissionAnswer>([
  { kind: 'revised', generation: 1, activation: 'shop@1', trace: null },
  { kind: 'unchanged', generation: 1, activation: 'shop@1', outcome: 'ready' },
  { kind: 'outdated', newer: 'other' },
])('an answer that is no refusal throws nothing: $kind', (answer) => {
  expect(() => checkAnswer(answer, { env: 'shop' })).not.toThrow();
});

test('a rejected Blueprint says that nothing changed, how many findings there are, and each of them', () => {
  const second: Finding = { severity: 'error', code: 'missing', subject: '/services', reason: 'there are none' };
  const note: Finding = { severity: 'warning', code: 'note', subject: '', reason: 'by the way' };
  expect(() =>
    checkAnswer({ kind: 'rejected', findings: [unknownKey, second, note] }, { env: 'shop', file: 'shop.yaml' }),
  ).toThrow(
    expect.objectContaining({
      exitCode: exitCodes.invalidInput,
      message: [
        'shop.yaml was rejected, nothing changed; 2 findings:',
        '  shop.yaml:4:5: /services/0/prots: unknown key "prots" (did you mean "ports"?)',
        '  shop.yaml: /services: there are none',
        '  shop.yaml: warning: by the way',
      ].join('\n'),
      parts: expect.objectContaining({
        code: 'unknown-key',
        details: [expect.objectContaining({ position: { file: 'shop.yaml', line: 4, column: 5 } }), second, note],
      }),
    }),
  );
});

test.each([
  ['unknown-environment', exitCodes.notFound],
  ['held', exitCodes.notAllowed],
  ['missing-parent', exitCodes.invalidInput],
])('a refusal with code %s ends with exit code %i', (code, exitCode) => {
  const findings: Finding[] = [{ severity: 'error', code, subject: 'shop', reason: 'so it is' }];
  expect(() => checkAnswer({ kind: 'refused', findings }, { env: 'shop' })).toThrow(
    expect.objectContaining({ exitCode }),
  );
});

test.each<[Outcome, string, number]>([
  ['refused', 'planner', exitCodes.invalidInput],
  ['denied', 'validator', exitCodes.notAllowed],
  ['failed', 'runtime', exitCodes.failed],
  ['superseded', 'runtime', exitCodes.failed],
])('an activation that ends %s names the %s, the trace and what to do', (outcome, service, exitCode) => {
  const item = activation({ outcome, reason: 'so it is', traces: ['a'.repeat(32)] });
  expect(() => checkOutcome(item)).toThrow(
    expect.objectContaining({
      exitCode,
      message: `shop@2 ${outcome} by the ${service}: so it is`,
      parts: expect.objectContaining({ trace: 'a'.repeat(32), next: expect.stringContaining('shop') }),
    }),
  );
});

test('an activation that ended badly lists its errors and leaves out what only explains', () => {
  const findings: Finding[] = [
    { severity: 'error', code: 'over-budget', subject: 'budget', reason: 'it costs too much' },
    { severity: 'info', code: 'pass-through', subject: 'db', reason: 'tcp' },
  ];
  expect(() => checkOutcome(activation({ outcome: 'denied', reason: 'one finding', findings }))).toThrow(
    'shop@2 denied by the validator: one finding\n  budget: it costs too much',
  );
});

test('an activation that became ready throws nothing', () => {
  expect(() => checkOutcome(activation({ outcome: 'ready' }))).not.toThrow();
});

function activation(part: Partial<ActivationItem>): ActivationItem {
  return {
    env: 'shop',
    generation: 2,
    activation: 'shop@2',
    reason: '',
    traces: [],
    findings: [],
    ...part,
  } as ActivationItem;
}
