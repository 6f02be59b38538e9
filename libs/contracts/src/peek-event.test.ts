import { sealArtifact } from '@microstax/model/artifact';
import { expect, test } from 'vitest';
import { bundleOf } from './bundle.ts';
import { peekEvent } from './peek-event.ts';

const about = { org: 'default', env: 'shop', generation: 3 };
const bytesOf = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));

test('peekEvent() says whom an event is about and what it names, whatever the artifacts say', () => {
  const plan = sealArtifact('plan', { text: ',"bundle":{"facts":{"digest":"sha256:', more: 'ü "}' });
  const facts = sealArtifact('facts', { digest: plan.digest });
  const named = { difference: { digest: facts.digest } };
  const body = { ...about, activation: 'shop@3 ,"bundle":{', bundle: { ...bundleOf(plan, facts), ...named } };
  expect(peekEvent(bytesOf(body))).toEqual({
    ...about,
    artifacts: [
      { kind: 'plan', digest: plan.digest },
      { kind: 'facts', digest: facts.digest },
      { kind: 'difference', digest: facts.digest },
    ],
  });
});

test('peekEvent() says nothing of what is not written as events are', () => {
  const strange = [
    about,
    { ...about, generation: '3', bundle: {} },
    { ...about, bundle: { plan: { digest: 'sha256:1' } } },
    { ...about, bundle: { strange: { digest: `sha256:${'0'.repeat(64)}` } } },
    { ...about, bundle: {}, env: undefined },
  ];
  expect(strange.map((body) => peekEvent(bytesOf(body)))).toEqual(strange.map(() => undefined));
  expect(peekEvent(new TextEncoder().encode('no JSON,"bundle":{'))).toBeUndefined();
});
