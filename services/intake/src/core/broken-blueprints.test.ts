import { expect, test, vi } from 'vitest';
import { decodeBody } from './decode-body.ts';
import { defaultLimits } from './limits.ts';
import { decideText, emptyGraph, findingIn, sayings, viewOf } from './testing/decide-text.ts';

vi.setConfig({ testTimeout: 60_000 }); // many runs, on a machine that is shared

// Eight ways to be broken that a newcomer will meet. Each is refused where it stands, with what to do about it.

test('a Blueprint with a syntax error is rejected at the character', () => {
  const decision = decideText('name: shop\nservices:\n  - name: web\n    run: { command: [node, server.js ]\n');
  expect(decision.kind).toBe('rejected');
  expect(sayings(decision)[0]).toMatch(/^[45]:\d+ syntax blueprint$/);
  expect(decision.findings[0]?.reason).toContain('flow map');
});

test('an unknown key is marked at the key and the nearest known one is suggested', () => {
  const decision = decideText('name: shop\nservices:\n  - name: web\n    run: { command: node }\n    replica: 3\n');
  expect(sayings(decision)).toEqual(['5:5 unknown-key services.web.replica']);
  expect(decision.findings[0]?.reason).toBe('unknown key "replica", did you mean "replicas"');
});

test('an overlay whose baselineId is missing is told that it needs a parent', () => {
  const decision = decideText('name: feat\nrouting: { mode: overlay }\nservices: []\n', { env: 'feat' });
  expect(sayings(decision)).toEqual(['2:10 missing-parent routing.baselineId']);
});

test('an overlay whose parent nobody knows needs that parent, and says where it is named', () => {
  const text = 'name: feat\nrouting:\n  mode: overlay\n  baselineId: shop\nservices: []\n';
  const decision = decideText(text, { env: 'feat' });
  expect(decision).toMatchObject({
    kind: 'needs parent',
    parent: 'shop',
    unknownParent: { code: 'unknown-parent', position: { line: 4, column: 15 } },
  });
});

test('an environment that derives from itself is a lineage cycle', () => {
  const text = 'name: feat\nrouting: { mode: overlay, baselineId: feat }\nservices: []\n';
  const decision = decideText(text, { env: 'feat' });
  expect(sayings(decision)).toEqual(['2:39 lineage-cycle routing.baselineId']);
});

test('an environment that derives from its own descendant is a lineage cycle, and the chain is said', () => {
  const text = 'name: team\nrouting: { mode: overlay, baselineId: feature }\nservices: []\n';
  const feature = viewOf('feature', ['web'], { mode: 'overlay', ancestors: ['team', 'shop'], root: 'shop' });
  const decision = decideText(text, { env: 'team', graph: { ...emptyGraph, parent: feature } });
  expect(findingIn(decision, 'lineage-cycle')).toMatchObject({
    reason: 'the lineage would be a cycle: team → feature → team',
    position: { line: 2, column: 39 },
  });
});

test('a dependency on nothing is marked at the name and a near one is suggested', () => {
  const text = [
    'name: shop',
    'services:',
    '  web:',
    '    run: { command: node }',
    '    dependsOn: [crat]',
    '  cart:',
    '    run: { command: node }',
  ].join('\n');
  const decision = decideText(text);
  expect(sayings(decision)).toEqual(['5:17 depends-on-nothing services.web.dependsOn.0.service']);
  expect(decision.findings[0]?.next).toBe('did you mean "cart"?');
});

test('a literal secret is refused at its value, which is said nowhere', () => {
  const text =
    'name: shop\nservices:\n  - name: db\n    run: { command: db }\n    secrets:\n      - { name: password, envKey: DB_PASSWORD, value: hunter2 }\n';
  const decision = decideText(text);
  expect(sayings(decision)).toEqual(['6:55 literal-secret services.db.secrets.0.value']);
  expect(JSON.stringify(decision)).not.toContain('hunter2');
});

test('an alias bomb is refused at the alias that passes the limit', () => {
  const levels = 'abcdefghij'.split('');
  const text = levels
    .map((name, level) =>
      level === 0 ? `${name}: &${name} [lol]` : `${name}: &${name} [${`*${levels[level - 1]}, `.repeat(9)}]`,
    )
    .join('\n');
  const decision = decideText(text);
  expect(decision.kind).toBe('rejected');
  expect(findingIn(decision, 'too-many-aliases')).toMatchObject({
    position: { line: expect.any(Number), column: expect.any(Number) },
    reason: 'aliases are expanded more than 100 times (maxAliases)',
  });
});

test('a body of 10 MB is refused where the limit is passed, without being parsed', () => {
  const line = `# ${'x'.repeat(1_021)}\n`;
  const body = new TextEncoder().encode(line.repeat(10 * 1024));
  const decoded = decodeBody(body, defaultLimits);
  expect(decoded.kind).toBe('unreadable');
  if (decoded.kind === 'text') return;
  expect(decoded.findings).toMatchObject([{ code: 'too-many-bytes', position: { line: 8 * 1024 + 1, column: 1 } }]);
  expect(decoded.findings[0]?.reason).toContain(`maxBlueprintBytes is ${8 * 1024 * 1024}`);
});
