import { Unavailable } from '@microstax/bus/bus-error';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../core/kubernetes/kube-object.ts';
import { nameOf } from '../../core/kubernetes/kube-object.ts';
import { marks } from '../../core/kubernetes/marks.ts';
import { namespaceObject, object } from '../../core/kubernetes/place-objects.ts';
import { DriverRefusal } from '../driver/driver.ts';
import { MemoryKube } from '../testing/memory-kube.ts';
import { FencedObjects } from './fenced-objects.ts';
import { Places } from './places.ts';

const scope = { org: 'default', env: 'shop' };

async function aPlace(epoch = 1) {
  const kube = new MemoryKube();
  const places = new Places(kube);
  const place = await places.ensure(scope, epoch);
  const namespace = { kind: 'Namespace', name: place.namespace } as const;
  const make = (name: string, data: Record<string, string> = {}): KubeObject =>
    object(place, 'ConfigMap', name, 'files', { data });
  kube.writes.length = 0;
  return { kube, places, place, namespace, objects: new FencedObjects(kube), make };
}

test('put() makes what is not there, changes what is otherwise, and leaves alone what is the same', async () => {
  const { kube, objects, place, make } = await aPlace();
  expect(await objects.put([make('a'), make('b')], place, 1)).toBe('passed');
  expect(await objects.put([make('a'), make('b', { x: '1' })], place, 1)).toBe('passed');
  expect(kube.writes).toEqual(
    ['ConfigMap shop/a', 'ConfigMap shop/b', 'ConfigMap shop/b'].map((one) => `apply ${one}`),
  );
  expect(await objects.put([make('a', { y: '1' }), make('c')], place, 1, 'missing')).toBe('passed');
  expect(await objects.put([make('b'), make('d')], place, 1, 'present')).toBe('passed');
  expect(kube.writes.slice(3)).toEqual(['apply ConfigMap shop/c', 'apply ConfigMap shop/b']);
});

test('a higher epoch on the namespace or on an object stops every effect', async () => {
  const { kube, objects, place, namespace, make } = await aPlace();
  await objects.put([make('a')], place, 1);
  const live = await objects.read(nameOf(make('a')));
  kube.touch(namespace, { [marks.epoch]: '2' });
  expect(await objects.put([make('a', { x: '1' })], place, 1)).toBe('fenced');
  expect(await objects.put([make('new')], place, 1)).toBe('fenced');
  expect(await objects.remove(live ? [live] : [], place, 1)).toBe('fenced');
  kube.touch(namespace, { [marks.epoch]: '1' });
  kube.touch(nameOf(make('a')), { [marks.epoch]: '2' });
  expect(await objects.put([make('a', { x: '1' })], place, 1)).toBe('fenced');
  expect(kube.writes).toHaveLength(1);
});

test('an owner that is overtaken between its look and its write writes nothing', async () => {
  const { kube, objects, place, namespace, make } = await aPlace();
  await objects.put([make('a')], place, 1);
  kube.before = (what) => {
    kube.before = () => {};
    expect(what).toBe('apply ConfigMap shop/a');
    kube.touch(namespace, { [marks.epoch]: '2' });
    kube.touch(nameOf(make('a')), { [marks.epoch]: '2' });
  };
  expect(await objects.put([make('a', { from: 'the older' })], place, 1)).toBe('fenced');
  expect((await objects.read(nameOf(make('a'))))?.data).toEqual({});
});

test('what a controller writes in between is read again, and never overwritten', async () => {
  const { kube, objects, place, make } = await aPlace();
  await objects.put([make('a')], place, 1);
  let times = 3;
  kube.before = () => {
    if (times > 0) kube.touch(nameOf(make('a')), { controller: String(times) });
    times -= 1;
  };
  expect(await objects.put([make('a', { x: '1' })], place, 1)).toBe('passed');
  times = 2;
  const live = await objects.read(nameOf(make('a')));
  expect(await objects.remove(live ? [live] : [], place, 1)).toBe('passed');
  expect(await objects.read(nameOf(make('a')))).toBeUndefined();
});

test('an answer that nobody heard is read back: what was applied is not applied again', async () => {
  const { kube, objects, place, make } = await aPlace();
  const answer = { kind: 'unknown', message: 'no answer' } as const;
  kube.next = { answer, done: true };
  await expect(objects.put([make('a')], place, 1)).rejects.toThrow(Unavailable);
  expect(await objects.put([make('a')], place, 1)).toBe('passed');
  kube.next = { answer, done: false };
  await expect(objects.put([make('b')], place, 1)).rejects.toThrow(Unavailable);
  expect(await objects.put([make('b')], place, 1)).toBe('passed');
  expect(kube.writes).toEqual(['apply ConfigMap shop/a', 'apply ConfigMap shop/b']);
});

test('what is not ours is said and not touched', async () => {
  const { kube, objects, place, make } = await aPlace();
  const { metadata, ...rest } = make('a');
  await kube.create({ ...rest, metadata: { name: 'a', namespace: place.namespace } });
  kube.writes.length = 0;
  await expect(objects.put([make('a')], place, 1)).rejects.toThrow(
    new DriverRefusal(
      `Cannot write ConfigMap shop/${metadata.name}: it is there, and not microstax's of "shop"; next: take it away, or call the service otherwise`,
    ),
  );
  expect(kube.writes).toEqual([]);
});

test('a namespace is found by its labels, and another is made where its name is somebody else’s', async () => {
  const { kube, places } = await aPlace();
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feat' } });
  const place = await places.ensure({ org: 'default', env: 'feat' }, 1);
  expect(place.namespace).toMatch(/^feat-x[0-9a-f]{10}/);
  expect((await places.find({ org: 'default', env: 'feat' }))?.namespace).toBe(place.namespace);
  expect(await places.find({ org: 'other', env: 'feat' })).toBeUndefined();
  expect(await places.stamp(place, 3)).toBe('passed');
  expect(await places.stamp(place, 2)).toBe('fenced');
});

test('of two owners that make a namespace at once the newer one’s counts, and the older one’s goes', async () => {
  const kube = new MemoryKube();
  const older = new Places(kube);
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const newer = namespaceObject({ ...scope, namespace: 'shop-of-the-newer' });
  kube.before = (what) => {
    if (!what.startsWith('apply Namespace shop-x')) return;
    kube.before = () => {};
    void kube.create({ ...newer, metadata: { ...newer.metadata, annotations: { [marks.epoch]: '2' } } });
  };
  const place = await older.ensure(scope, 1);
  expect(place.namespace).toBe('shop-of-the-newer');
  expect(await older.stamp(place, 1)).toBe('fenced');
  const own = await kube.list('Namespace', undefined, { labels: { [marks.environment]: 'shop' } });
  expect(own.kind === 'ok' && own.value.length).toBe(1);
});
