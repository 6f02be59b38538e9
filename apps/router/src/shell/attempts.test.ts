import type { Endpoint } from '@microstax/model/route-table';
import { expect, test } from 'vitest';
import { Attempts } from './attempts.ts';

const of = (service: string, count: number): readonly Endpoint[] =>
  Array.from({ length: count }, (_, index) => ({
    service,
    port: 'http',
    host: '127.0.0.1',
    targetPort: 9_000 + index,
    instance: `${service}-${index}`,
  }));

test('Attempts.pick() lets the instances of each service take turns, whatever is asked in between', () => {
  const [web, api] = [of('web', 1), of('api', 2)];
  const seen = Array.from({ length: 6 }, () => {
    new Attempts().pick(web);
    return new Attempts().pick(api).instance;
  });
  expect(seen).toEqual(['api-0', 'api-1', 'api-0', 'api-1', 'api-0', 'api-1']);
});

test('Attempts.pick() passes over whoever has refused, as long as another is left', () => {
  const api = of('api', 3);
  const attempts = new Attempts();
  const first = attempts.pick(api);
  attempts.next(first);
  const second = attempts.pick(api);
  attempts.next(second);
  const third = attempts.pick(api);
  expect(new Set([first, second, third].map(({ instance }) => instance)).size).toBe(3);
  attempts.next(third);
  expect(api).toContain(attempts.pick(api));
});
