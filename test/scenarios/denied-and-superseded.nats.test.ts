import { parseSubject } from '@microstax/contracts/subjects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, chain, type EchoAnswer, echo, hopsOf } from './blueprints.ts';
import { aboutOf } from './gates.ts';
import { type House, startHouse } from './house.ts';

/** A generation that does not make it changes nothing that serves. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('a generation over its budget is denied while the one before goes on serving, and the status says why', async () => {
  const shop = (version: string, budget: number): string =>
    asYaml(baseline('thrifty', chain(version), { budget: { perHour: budget } }));
  expect((await house.apply('thrifty', shop('1', 10))).activation?.outcome).toBe('ready');
  const [pids, url] = [await house.pids('thrifty'), await house.urlOf('thrifty', 'web')];

  const { answer, activation } = await house.apply('thrifty', shop('2', 0.000001));
  expect(answer).toMatchObject({ kind: 'revised', generation: 2 });
  expect(activation).toMatchObject({
    outcome: 'denied',
    findings: [expect.objectContaining({ code: 'over-budget', severity: 'error' })],
  });

  const status = await house.status('thrifty');
  expect(status).toMatchObject({
    generation: 2,
    outcome: 'denied',
    serving: { generation: 1 },
    target: { generation: 1 },
  });
  expect(status?.reason).toMatch(/budget/);
  expect(await house.pids('thrifty')).toEqual(pids);
  const { status: code, body } = await askHttp<EchoAnswer>(url);
  expect(code).toBe(200);
  expect([body.version, hopsOf(body)]).toEqual(['1', 'web@thrifty > api@thrifty > db@thrifty']);

  expect((await house.apply('thrifty', shop('2', 10))).activation).toMatchObject({ generation: 3, outcome: 'ready' });
  expect((await askHttp<EchoAnswer>(url)).body.version).toBe('2');
});

test('of two approvals delivered in the wrong order the older is superseded and touches nothing', async () => {
  const shop = (version: string): string => asYaml(baseline('swapped', [echo('web', { version, expose: true })]));
  const first = house.gates.hold('runtime', (message) => {
    const about = parseSubject(message.subject);
    return (
      about?.kind === 'event' &&
      about.env === 'swapped' &&
      about.last === 'approved' &&
      aboutOf(message).generation === 1
    );
  });
  await house.apply('swapped', shop('1'), { wait: false });
  await first.reached;
  expect((await house.apply('swapped', shop('2'))).activation).toMatchObject({ generation: 2, outcome: 'ready' });
  const [pids, executions] = [await house.pids('swapped'), await house.ask({ kind: 'executions', env: 'swapped' })];

  first.release();
  expect(await house.outcome('swapped', 1)).toMatchObject({ outcome: 'superseded' });
  expect(await house.pids('swapped')).toEqual(pids);
  expect(await house.ask({ kind: 'executions', env: 'swapped' })).toEqual(executions);
  expect(await house.status('swapped')).toMatchObject({ state: 'ready', generation: 2, serving: { generation: 2 } });
  expect((await askHttp<EchoAnswer>(await house.urlOf('swapped', 'web'))).body.version).toBe('2');
});
