import { expect, test } from 'vitest';
import { decideText, revisionOfText, sayings, specOf } from './testing/decide-text.ts';

const shop = (routing: string): string =>
  `name: shop\nrouting: { mode: baseline, ${routing} }\nservices: [{ name: web, run: { command: web }, dependsOn: [pay] }]\n`;

test('a service that is mapped to an address may be depended on, by the port and protocol that are said there', () => {
  const revision = revisionOfText(
    shop('providers: { pay: { external: "pay.example.com:443", protocol: tcp, port: tls } }'),
  );
  expect(revision.routing).toMatchObject({
    providers: {},
    externals: { pay: { host: 'pay.example.com', port: 443, portName: 'tls', protocol: 'tcp' } },
  });
  expect(specOf(revision, 'web').dependsOn).toMatchObject([{ service: 'pay', port: 'tls', protocol: 'tcp' }]);
});

test('a mapping to an environment leaves no trace of the longer spelling', () => {
  const short = revisionOfText(shop('providers: { pay: tools }, pools: [spare]'));
  const long = revisionOfText(shop('providers: { pay: { environment: tools } }, pools: [{ environment: spare }]'));
  expect(long).toEqual(short);
  expect(short.routing).not.toHaveProperty('externals');
  expect(short.routing).not.toHaveProperty('poolTerms');
});

test.each([
  ['providers: { pay: { external: "pay.example.com" } }', 'routing.providers.pay.external'],
  ['providers: { pay: { external: "pay.example.com:0" } }', 'routing.providers.pay.external'],
  ['providers: { pay: { external: "pay.example.com:65536" } }', 'routing.providers.pay.external'],
  ['providers: { pay: { external: "pay example:80" } }', 'routing.providers.pay.external'],
  ['providers: { pay: { external: "pay..example.com:80" } }', 'routing.providers.pay.external'],
  ['providers: { pay: { external: "999.0.0.1:80" } }', 'routing.providers.pay.external'],
  ['providers: { pay: { external: "[::::]:80" } }', 'routing.providers.pay.external'],
  ['providers: { pay: { external: "http://pay.example.com:80" } }', 'routing.providers.pay.external'],
  ['pools: [{ environment: spare, capacity: 1e99 }]', 'routing.pools.0.capacity'],
  ['pools: [{ environment: spare, capacity: 0 }], providers: { pay: spare }', 'routing.pools.0.capacity'],
])('what is no address or capacity is refused at its place: %s', (routing, path) => {
  const decision = decideText(shop(routing));
  expect(decision.kind).toBe('rejected');
  expect(sayings(decision)).toEqual([expect.stringContaining(path)]);
});

test.each([
  ['providers: { pay: {} }', 'provider-unclear routing.providers.pay'],
  ['providers: { pay: { environment: x, external: "y:1" } }', 'provider-unclear routing.providers.pay'],
  ['providers: { pay: { environment: x, protocol: tcp } }', 'provider-unclear routing.providers.pay.protocol'],
  ['providers: { pay: { environment: shop } }', 'provider-is-self routing.providers.pay'],
  ['providers: { pay: x }, pools: [y, { environment: y, capacity: 1 }]', 'pool-twice routing.pools.1'],
])('what nobody can act on is refused: %s', (routing, said) => {
  const decision = decideText(shop(routing), { env: 'shop' });
  expect(decision.kind).toBe('rejected');
  expect(sayings(decision).join('\n')).toContain(said);
});

test('one address has one form, however it is written', () => {
  const hostOf = (external: string) =>
    revisionOfText(shop(`providers: { pay: { external: "${external}" } }`)).routing.externals?.pay?.host;
  expect(hostOf('PAY.Example.com:80')).toBe('pay.example.com');
  expect(hostOf('[2001:DB8:0:0::7]:80')).toBe('2001:db8::7');
  expect(hostOf('10.0.0.7:80')).toBe('10.0.0.7');
});
