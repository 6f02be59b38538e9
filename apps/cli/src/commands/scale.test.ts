import type { EnvironmentDetail } from '@microstax/contracts/queries';
import { expect, test } from 'vitest';
import { refuseUnscalable } from './scale.ts';

const detail = (wanted: string, services: readonly object[]) =>
  ({
    status: { env: 'feat', wanted },
    activation: null,
    artifacts: { revision: { bytes: JSON.stringify({ services }) } },
  }) as unknown as EnvironmentDetail;

const own = [
  { kind: 'run', name: 'payments' },
  { kind: 'remove', name: 'cart' },
];

test('a service that the environment declares itself may be scaled, also asleep', () => {
  for (const wanted of ['running', 'asleep', 'stopped'])
    expect(() => refuseUnscalable(detail(wanted, own), 'payments')).not.toThrow();
});

test.each(['web', 'cart', 'nobody'])('%s, which is inherited, taken away or unknown, is refused', (service) => {
  expect(() => refuseUnscalable(detail('running', own), service)).toThrow(
    expect.objectContaining({
      message: `Cannot scale "feat/${service}": feat declares no service of its own with that name; it declares: payments`,
      parts: expect.objectContaining({ exitCode: 3 }),
    }),
  );
});

test('a deleted environment is not made anew by a number', () => {
  expect(() => refuseUnscalable(detail('deleted', own), 'payments')).toThrow(
    expect.objectContaining({
      message: 'Cannot scale "feat/payments": "feat" is deleted',
      parts: expect.objectContaining({ exitCode: 3 }),
    }),
  );
});
