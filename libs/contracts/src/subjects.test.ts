import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  blueprintSubject,
  commandSubject,
  deadLetterSubject,
  eventSubject,
  parseSubject,
  requestSubject,
  routerSubject,
  spansSubject,
} from './subjects.ts';

const token = fc.stringMatching(/^[a-z0-9-]{1,40}$/);

test('parseSubject() reads back what the builders write', () => {
  fc.assert(
    fc.property(token, token, fc.option(token, { nil: undefined }), (org, env, actor) => {
      const who = actor === undefined ? {} : { actor };
      expect(parseSubject(blueprintSubject({ org, env, ...who }))).toEqual({ kind: 'blueprint', org, env, ...who });
      expect(parseSubject(commandSubject({ service: 'graph', org, env, verb: 'stop', ...who }))).toEqual({
        kind: 'command',
        service: 'graph',
        org,
        env,
        verb: 'stop',
        ...who,
      });
      expect(parseSubject(eventSubject('planner', org, env, 'drafted'))).toEqual({
        kind: 'event',
        service: 'planner',
        org,
        env,
        last: 'drafted',
      });
      expect(parseSubject(requestSubject('graph', org, 'claim'))).toEqual({
        kind: 'request',
        service: 'graph',
        org,
        op: 'claim',
      });
    }),
  );
});

test.each(['', 'Shop', 'a.b', '*', '>', 'x'.repeat(41), 'ä', 'a b'])(
  'a subject cannot be built with token %j',
  (bad) => {
    expect(() => blueprintSubject({ org: 'default', env: bad })).toThrow(RangeError);
    expect(() => eventSubject('graph', bad, 'shop', 'revised')).toThrow(RangeError);
  },
);

test.each([
  'msx',
  'msx.blueprint.default',
  'msx.blueprint.default.shop.me.more',
  'other.blueprint.default.shop',
  'msx.evt.nobody.default.shop.x',
  'msx.blueprint.default.Shop',
  'msx.cmd.graph.default.shop',
])('parseSubject() finds no subject of ours in %j', (subject) => {
  expect(parseSubject(subject)).toBeUndefined();
});

test('ids of routers and traces are checked before they reach a subject', () => {
  expect(routerSubject('scope', 'ABC123')).toBe('msx.svc.router.scope.ABC123');
  expect(() => routerSubject('scope', 'a.b')).toThrow(RangeError);
  expect(() => spansSubject('xyz')).toThrow(RangeError);
  expect(deadLetterSubject('default', 'MSX_EVENTS', 'planner-environment-revised')).toBe(
    'msx.dlq.default.MSX_EVENTS.planner-environment-revised',
  );
});
