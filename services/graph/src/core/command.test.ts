import type { CommandVerb } from '@microstax/contracts/command';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { type Commanded, type CommandState, command } from './command.ts';
import type { HoldDocument } from './documents.ts';
import { again, born, now, serving } from './testing/states.ts';

const web = aService('web');
const base = serving(born(aRevision('base', { services: [web] })));
const child = serving(born(aRevision('child', { parent: 'base', services: [aService('own')] }), [base]), {
  holds: [{ env: 'base', service: 'web', specDigest: 'sha256:1' }],
});
const hold: HoldDocument = { env: 'base', service: 'web', specDigest: 'sha256:1', child: 'child' };

const commanded = (verb: CommandVerb, cascade = false): Commanded => ({
  org: 'default',
  env: 'base',
  verb,
  cascade,
  submission: { id: 'c-1', order: { incarnation: 1, sequence: 50 } },
  actor: { name: 'ann', proof: 'subject' },
  traceparent: null,
  now,
});
const state = (draft: Partial<CommandState> = {}): CommandState => ({
  self: again(base),
  known: [],
  holders: [],
  children: [],
  cascaded: [],
  ...draft,
});

test('command() records the wanted state as a new generation', () => {
  for (const [verb, wanted] of [
    ['stop', 'stopped'],
    ['sleep', 'asleep'],
    ['delete', 'deleted'],
  ] as const)
    expect(command(commanded(verb), state())).toMatchObject({
      kind: 'revised',
      activation: { generation: 2, wanted, actor: { name: 'ann' }, cause: { kind: 'command', verb } },
    });
});

test('command() answers resume of what runs with unchanged, and retry never', () => {
  expect(command(commanded('resume'), state()).kind).toBe('unchanged');
  expect(command(commanded('retry'), state())).toMatchObject({ kind: 'revised', activation: { wanted: 'running' } });
});

test('command() refuses to stop, put to sleep or delete under a hold, naming the child and the service', () => {
  for (const verb of ['stop', 'sleep', 'delete'] as const)
    given(state({ holders: [hold], children: ['child'] }))
      .when((known) => command(commanded(verb), known))
      .thenCheck((decision) =>
        expect(decision).toMatchObject({
          kind: 'refused',
          findings: [{ code: 'held', reason: `Cannot ${verb} "base": "child" holds its service "web"` }],
        }),
      );
});

test('command() refuses to delete under a child that holds nothing, but stops', () => {
  expect(command(commanded('delete'), state({ children: ['child'] }))).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'has-children' }],
  });
  expect(command(commanded('stop'), state({ children: ['child'] })).kind).toBe('revised');
});

test('command() with cascade takes children along in the same commit and releases their holds', () => {
  const decision = command(
    commanded('delete', true),
    state({ holders: [hold], children: ['child'], cascaded: [again(child, [base])] }),
  );
  if (decision.kind !== 'revised') throw new Error(decision.kind);
  const rows = decision.changes.puts.filter(({ collection }) => collection === 'environments').map(({ body }) => body);
  expect(rows).toMatchObject([
    { env: 'child', wanted: 'deleted', generation: 2, holds: [] },
    { env: 'base', wanted: 'deleted', generation: 2 },
  ]);
  expect(decision.changes.removes).toContainEqual({ collection: 'holds', key: 'default/base/web/child' });
});

test('command() refuses an environment that nobody knows, and says which are known', () => {
  expect(command(commanded('stop'), state({ self: null, known: ['shop'] }))).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'unknown-environment', next: 'known are "shop"' }],
  });
});

test('command() refuses to stop or resume what is deleted', () => {
  const gone = serving(base, { wanted: 'deleted', servingWanted: 'deleted' });
  for (const verb of ['stop', 'resume'] as const)
    expect(command(commanded(verb), state({ self: again(gone) }))).toMatchObject({
      kind: 'refused',
      findings: [{ code: 'deleted-environment' }],
    });
});

test('command() wakes what sleeps, and neither wakes nor puts to sleep what is stopped', () => {
  const before = again(serving(base, { wanted: 'asleep', servingWanted: 'asleep' }));
  const newestDerivation = before.newestDerivation && { ...before.newestDerivation, wanted: 'asleep' as const };
  for (const verb of ['wake', 'resume'] as const)
    expect(command(commanded(verb), state({ self: { ...before, newestDerivation } }))).toMatchObject({
      kind: 'revised',
      activation: { wanted: 'running' },
    });
  const stopped = serving(base, { wanted: 'stopped', servingWanted: 'stopped' });
  for (const verb of ['wake', 'sleep'] as const)
    expect(command(commanded(verb), state({ self: again(stopped) }))).toMatchObject({
      kind: 'refused',
      findings: [{ code: 'stopped-environment', next: 'msx resume base' }],
    });
});

test('command() with cascade puts children to sleep in the same commit, and they keep what they hold', () => {
  const decision = command(commanded('sleep', true), state({ holders: [hold], cascaded: [again(child, [base])] }));
  expect(decision.kind).toBe('revised');
  const rows = decision.changes.puts.filter(({ collection }) => collection === 'environments');
  expect(rows.map(({ body }) => body)).toMatchObject([
    expect.objectContaining({ wanted: 'asleep' }),
    expect.objectContaining({ wanted: 'asleep' }),
  ]);
  expect(decision.changes.removes.filter(({ collection }) => collection === 'holds')).toEqual([]);
});
