import { serviceIdentity } from '@microstax/model/service-identity';
import { expect, test } from 'vitest';
import { identifyServices } from './identify.ts';

const about = { org: 'default', project: 'shop' };
const minted = (firstName: string, ordinal = 1) => serviceIdentity({ ...about, firstName, ordinal });
const identities = (
  services: readonly (readonly [string, ...string[]])[],
  known: Readonly<Record<string, string>> = {},
) =>
  Object.fromEntries(
    identifyServices({
      ...about,
      services: services.map(([name, ...formerNames]) => ({ name, formerNames })),
      known: Object.entries(known).map(([name, identity]) => ({ name, identity })),
    }).map(({ name, identity }) => [name, identity]),
  );

test('identifyServices() mints from organisation, project and first name', () => {
  expect(identities([['web']])).toEqual({ web: minted('web') });
});

test('identifyServices() keeps what is known by its name', () => {
  expect(identities([['web']], { web: 'svc-old' })).toEqual({ web: 'svc-old' });
});

test('identifyServices() carries an identity over a rename', () => {
  expect(identities([['cash', 'payments']], { payments: minted('payments') })).toEqual({ cash: minted('payments') });
});

test('identifyServices() gives a name that was given away a new ordinal', () => {
  expect(identities([['cash', 'payments'], ['payments']], { payments: minted('payments') })).toEqual({
    cash: minted('payments'),
    payments: minted('payments', 2),
  });
});

test('identifyServices() does not depend on the order of services', () => {
  const services = [['b', 'a'], ['a'], ['c']] as const;
  const known = { a: minted('a') };
  expect(identities(services, known)).toEqual(identities([...services].reverse(), known));
});

test('identifyServices() gives a name whose service the lineage took away a new ordinal, and one that is known its own', () => {
  const services = [{ name: 'pay', formerNames: [] }];
  const buried = [minted('pay'), minted('pay', 2)];
  const [fresh] = identifyServices({ ...about, services, known: [], buried });
  expect(fresh).toMatchObject({ identity: minted('pay', 3), minted: { ordinal: 3 } });
  const known = [{ name: 'pay', identity: minted('pay') }];
  expect(identifyServices({ ...about, services, known, buried })[0]?.identity).toBe(minted('pay'));
});

test('identifyServices() gives a name that comes back after nobody had it the identity that it had', () => {
  expect(identities([['pay']], {})).toEqual({ pay: minted('pay') });
});
