import { canonicalJson } from '@microstax/model/canonical-json';
import { expect, test } from 'vitest';
import { audit } from './audit.ts';
import { refuse } from './derive.ts';
import { recordRejection } from './reject.ts';

const about = {
  org: 'default',
  env: 'shop',
  submission: { id: 's-1', order: { incarnation: 1, sequence: 7 } },
  actor: { name: 'ci', proof: 'subject' },
  traceparent: null,
  now: 5,
} as const;
const finding = { severity: 'error', code: 'held', subject: 'shop', reason: 'SECRET=hunter2' } as const;
const submitted = { org: 'default', at: 5, actor: about.actor, subject: 'shop', digest: null, submission: 's-1' };

test('an entry of the audit log names its organisation and what caused it, or that nothing did', () => {
  const body = { at: 1, actor: null, verb: 'revised', subject: 'shop@1', digest: null };
  expect(audit('default', body)).toEqual({
    log: 'audit',
    org: 'default',
    body: { ...body, org: 'default', submission: null },
  });
});

test('a refused and a rejected submission have an entry that names actor and proof, and nothing of what was typed', () => {
  const refused = refuse(about, [finding]).changes.appends.filter(({ log }) => log === 'audit');
  const rejected = recordRejection({ ...about, findings: [finding] }, { answered: null }).changes.appends;
  expect(refused.map(({ body }) => body)).toEqual([{ ...submitted, verb: 'refused' }]);
  expect(rejected.map(({ body }) => body)).toEqual([{ ...submitted, verb: 'rejected' }]);
  expect(canonicalJson([...refused, ...rejected])).not.toContain('hunter2');
});
