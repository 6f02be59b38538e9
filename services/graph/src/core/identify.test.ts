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
