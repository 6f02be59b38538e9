import type { Bus, Message, PublishOptions } from '@microstax/bus/bus';
import { Unavailable } from '@microstax/bus/bus-error';
import { activationDenied } from '@microstax/contracts/activation-denied';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import type { TimerDocument } from '../core/documents.ts';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import type { Graph } from './graph.ts';
import { onActivationDenied } from './on-activation-denied.ts';
import { fireTimers } from './timer-loop.ts';

const shop = (version: string): Revision => aRevision('shop', { services: [aService('web', { env: { V: version } })] });
const feat = aRevision('feat', {
  parent: 'shop',
  services: [aService('mail')],
  routing: { parentMoved: 'preview' },
});

type Said = {
  readonly body: { readonly activation: string; readonly generation: number };
  readonly how: PublishOptions;
};

/** A graph whose bus notes what is said directly, once it is there. */
async function aHouse() {
  const hands = new GraphHands(new MemoryStore());
  const said: Said[] = [];
  const bus = { away: false };
  const publish = async (_: unknown, body: Said['body'], how: PublishOptions) => {
    if (bus.away) throw new Unavailable('the bus');
    said.push({ body, how });
  };
  const graph: Graph = { ...hands.graph, bus: { ...hands.graph.bus, publish } as unknown as Bus };
  await hands.apply(shop('1'));
  await hands.apply(feat);
  await hands.apply(shop('2'));
  const timers = () => graph.store.scan<TimerDocument>('timers', { prefix: '' });
  const row = async () => must(await hands.environment('feat'), 'feat is known');
  return { hands, graph, bus, said, timers, row };
}

test('a preview that could not be said is said once the bus is back, under the same id, and only then the timer goes', async () => {
  const { graph, bus, said, timers, row } = await aHouse();
  bus.away = true;
  await expect(fireTimers(graph, 16)).rejects.toThrow('the bus');
  expect(await timers()).toHaveLength(1);
  expect((await row()).movedPreview).toMatchObject({ parent: 'shop', parentGeneration: 2, verdict: null });

  bus.away = false;
  await fireTimers(graph, 16);
  const id = 'moved/default/feat/shop@2';
  expect(said).toMatchObject([
    { body: { activation: 'feat@preview-moved-shop-2', generation: 0 }, how: { purpose: 'preview', inputId: id } },
  ]);
  expect(await timers()).toEqual([]);
  expect(await row()).toMatchObject({ generation: 1, open: [] });
});

test('the verdict is noted once, with its reason, and a new generation forgets it', async () => {
  const { hands, graph, row } = await aHouse();
  await fireTimers(graph, 16);
  const hear = (activation: string, reason: string) => onActivationDenied(graph, denied(activation, reason));
  expect(await hear('feat@preview-moved-shop-1', 'of an older one')).toEqual({ kind: 'done' });
  expect((await row()).movedPreview?.verdict).toBeNull();
  await hear('feat@preview-moved-shop-2', 'too dear');
  await hear('feat@preview-moved-shop-2', 'said again');
  expect((await row()).movedPreview).toMatchObject({ verdict: 'denied', reason: 'too dear' });
  const status = await hands.ask({ kind: 'environments', env: 'feat' });
  expect(JSON.stringify(status)).toMatch(
    /parent moved: shop@2, preview denied, too dear; msx retry feat to try it all the same"/,
  );

  await hands.command('feat', 'retry');
  expect(await row()).toMatchObject({ generation: 2, movedPreview: null });
});

function denied(activation: string, reason: string): Message {
  const findings = [{ severity: 'error', code: 'over-budget', subject: 'feat', reason }] as const;
  const body = {
    org: 'default',
    env: 'feat',
    generation: 0,
    activation,
    submission: null,
    findings: [...findings],
    bundle: {},
  };
  return {
    subject: activationDenied.subject(body),
    body: new TextEncoder().encode(JSON.stringify(body)),
    stream: 'test',
    sequence: 1,
    incarnation: 1,
    deliveries: 1,
    id: activation,
    purpose: 'preview',
    drive: 0,
    storedAt: 1,
    header: () => undefined,
  };
}
