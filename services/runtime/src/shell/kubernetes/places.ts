import { Unavailable } from '@microstax/bus/bus-error';
import { compareText } from '@microstax/model/compare';
import { inWords, type KubeObject, nameOf } from '../../core/kubernetes/kube-object.ts';
import { labelsOf, marks, type Place } from '../../core/kubernetes/marks.ts';
import { namespaceNames } from '../../core/kubernetes/object-name.ts';
import { namespaceObject } from '../../core/kubernetes/place-objects.ts';
import { DriverRefusal, type Fence, type Scope } from '../driver/driver.ts';
import { epochOf, problem, valueIn } from './fenced-objects.ts';
import type { KubeApi } from './kube-client.ts';

export type KnownPlace = Place & { readonly uid: string; readonly live: KubeObject };

/** Namespaces of environments: one each, told by its labels and never by its name. */
export class Places {
  readonly #client: KubeApi;

  constructor(client: KubeApi) {
    this.#client = client;
  }

  /** Where an environment lives; undefined where it has no namespace, or one that is being deleted. */
  async find({ org, env }: Scope): Promise<KnownPlace | undefined> {
    const all = labelsOf({ org, env, namespace: '' }, 'environment');
    const labels = {
      [marks.organisation]: all[marks.organisation] ?? '',
      [marks.environment]: all[marks.environment] ?? '',
    };
    const found = valueIn('list namespaces', await this.#client.list('Namespace', undefined, { labels }));
    const live = found.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    // Of two that were made at once the newer owner's counts.
    const [newest] = live.toSorted((a, b) => epochOf(b) - epochOf(a) || compareText(a.metadata.name, b.metadata.name));
    return newest && known({ org, env }, newest);
  }

  /** The same, made where there is none. The first name that nobody has is taken; a foreign namespace is never used. */
  async ensure(scope: Scope, epoch: number): Promise<KnownPlace> {
    const { org, env } = scope;
    const before = await this.find(scope);
    if (before) return before;
    const names = namespaceNames(org, env, epoch);
    for (const namespace of names) {
      const made = await this.#write(namespaceObject({ org, env, namespace }), '1', epoch);
      if (made !== 'conflict') return this.#theOne(scope, made);
      const raced = await this.find(scope);
      if (raced) return raced;
      const taken = await this.#client.get({ kind: 'Namespace', name: namespace });
      // The name is free, so the conflict was about something that has passed: to be tried again.
      if (taken.kind === 'absent') throw new Unavailable(`a quiet moment for namespace ${namespace}`);
      if (taken.kind !== 'ok') throw problem(`read namespace ${namespace}`, taken);
    }
    throw new DriverRefusal(
      `Cannot make a namespace for "${env}": ${names.join(' and ')} are taken; next: delete one of them`,
    );
  }

  // Two owners may have made one each, under names of their own epochs: the older one's goes.
  async #theOne(scope: Scope, made: KubeObject): Promise<KnownPlace> {
    const one = await this.find(scope);
    const { uid = '', resourceVersion = '' } = made.metadata;
    if (one === undefined || one.uid === uid) return known(scope, made);
    const answer = await this.#client.delete(nameOf(made), { uid, resourceVersion });
    if (answer.kind === 'ok' || answer.kind === 'absent') return one;
    throw problem(`delete ${inWords(nameOf(made))}`, answer);
  }

  /** Protocol 23: raises the epoch that the namespace carries; whoever reads a higher one than its own stops. */
  async stamp(place: KnownPlace, epoch: number): Promise<Fence> {
    for (let live: KubeObject | undefined = place.live; live !== undefined; ) {
      if (epochOf(live) > epoch) return 'fenced';
      if (epochOf(live) === epoch) return 'passed';
      const { resourceVersion = '' } = live.metadata;
      if ((await this.#write(namespaceObject(place), resourceVersion, epoch)) !== 'conflict') return 'passed';
      live = (await this.find(place))?.live;
    }
    return 'passed';
  }

  async #write(object: KubeObject, resourceVersion: string, epoch: number): Promise<KubeObject | 'conflict'> {
    const annotations = { [marks.epoch]: String(epoch) };
    const answer = await this.#client.apply({
      ...object,
      metadata: { ...object.metadata, annotations, resourceVersion },
    });
    if (answer.kind === 'ok') return answer.value;
    if (answer.kind === 'conflict') return 'conflict';
    throw problem(`make ${inWords({ kind: 'Namespace', name: object.metadata.name })}`, answer);
  }
}

function known({ org, env }: Scope, live: KubeObject): KnownPlace {
  return { org, env, namespace: live.metadata.name, uid: live.metadata.uid ?? '', live };
}
