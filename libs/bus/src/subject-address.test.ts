import { expect, test } from 'vitest';
import { subjectAddress } from './subject-address.ts';

test.each([
  ['msx.evt.planner.acme.shop.drafted', 'msx.evt.planner.{org}.{env}.drafted', 'acme', 'shop', 'acme.shop'],
  ['msx.blueprint.acme.shop', 'msx.blueprint.{org}.{env}', 'acme', 'shop', 'acme.shop'],
  ['msx.blueprint.acme.shop.ada', 'msx.blueprint.{org}.{env}', 'acme', 'shop', 'acme.shop'],
  ['msx.cmd.graph.acme.shop.delete.ada', 'msx.cmd.graph.{org}.{env}.delete', 'acme', 'shop', 'acme.shop'],
  ['msx.svc.graph.acme.claim', 'msx.svc.graph.{org}.claim', 'acme', undefined, 'msx.svc.graph.acme.claim'],
  [
    'msx.dlq.acme.MSX_EVENTS.graph-planner',
    'msx.dlq.{org}.MSX_EVENTS.graph-planner',
    'acme',
    undefined,
    'msx.dlq.acme.MSX_EVENTS.graph-planner',
  ],
  ['msx.blueprint.Ac me.shop', 'msx.blueprint.…', undefined, undefined, 'msx.blueprint.Ac me.shop'],
  ['$JS.EVENT.ADVISORY.X', '$JS.EVENT.ADVISORY.X', undefined, undefined, '$JS.EVENT.ADVISORY.X'],
])('subjectAddress() of %s', (subject, template, org, env, key) => {
  expect(subjectAddress(subject)).toEqual({ template, org, env, key });
});
