import { expect, test } from 'vitest';
import { interpolationWords } from './interpolation.ts';
import { decideText, emptyGraph, findingIn, sayings, viewOf } from './testing/decide-text.ts';

const shop = (value: string, dependsOn = '[cart]'): string =>
  [
    'name: shop',
    'services:',
    '  web:',
    '    run: { command: node }',
    '    ports: [8080]',
    `    dependsOn: ${dependsOn}`,
    `    env: { URL: ${JSON.stringify(value)} }`,
    '  cart: { run: { command: node }, ports: [8081] }',
  ].join('\n');

test('interpolationWords() reads own ports, hosts and ports of services', () => {
  expect(
    interpolationWords(`\${port.http} http://\${host.cart}:\${port.cart.http} \${HOME} \${prot.http} \${`).map(
      ({ kind }) => kind,
    ),
  ).toEqual(['own port', 'host', 'port', 'foreign', 'unknown']);
});

test('names that are declared pass in env, args and command', () => {
  const text = `name: shop\nservices:\n  web:\n    run: { command: [x, "\${port.http}"] }\n    args: ["\${host.web}"]\n    ports: [80]\n    env: { A: "\${port.web.http}" }\n`;
  expect(decideText(text).kind).toBe('accepted');
});

test('an unknown own port, service, port of a service and word are findings', () => {
  expect(sayings(decideText(shop(`\${port.htpp}`)))).toEqual(['7:17 unknown-name services.web.env.URL']);
  expect(findingIn(decideText(shop(`\${host.carts}`)), 'unknown-name').next).toBe('did you mean "cart"?');
  expect(findingIn(decideText(shop(`\${port.cart.grpc}`)), 'unknown-name').next).toBe('its ports are "http"');
  expect(findingIn(decideText(shop(`\${prot.http}`)), 'unknown-name').next).toContain(`\${host.<service>}`);
});

test('a word that is none of ours is passed on with a warning', () => {
  const decision = decideText(shop(`\${HOME}`));
  expect(decision.kind).toBe('accepted');
  expect(decision.findings).toMatchObject([{ severity: 'warning', code: 'not-filled' }]);
});

test('a service that is named twice in one text is one finding', () => {
  expect(decideText(shop(`http://\${host.card}:\${port.card.http}`)).findings).toHaveLength(1);
});

test('a host that dependsOn does not list is a warning and no dependency', () => {
  const decision = decideText(shop(`http://\${host.cart}:\${port.cart.http}`, '[]'));
  expect(decision.kind).toBe('accepted');
  expect(decision.findings).toMatchObject([{ severity: 'warning', code: 'undeclared-dependency' }]);
});

test('inherited services are known, removed ones are not', () => {
  const text = (rest: string): string =>
    `name: feat\nrouting: { mode: overlay, baselineId: shop }\nservices:\n  web: { run: { command: node }, env: { A: "\${host.cart}" }, dependsOn: [{ service: cart, required: false }] }\n${rest}`;
  const about = { env: 'feat', graph: { ...emptyGraph, parent: viewOf('shop', ['cart', 'web']) } };
  expect(decideText(text(''), about).kind).toBe('accepted');
  expect(findingIn(decideText(text('  cart: { remove: true }'), about), 'unknown-name').reason).toContain('removes');
});

test(`what stands in env is never quoted, not even inside of \${}`, () => {
  expect(JSON.stringify(decideText(shop(`\${hunter2 is my secret}`)).findings)).not.toContain('hunter2');
});
