// Owns: that no effect of an older epoch happens in an environment's namespace (protocol 23, decision 31).
// Does not own: what an object says, who has which epoch.
//
// 1. An object is read, then the namespace's epoch, then it is written in the version that was read. A newer owner
//    stamps the namespace before it does anything, so whoever reads an epoch higher than its own stops.
// 2. What is to be made is applied in a version that no object has: one that is there is never overwritten.
// 3. What is deleted is deleted by uid and version.
// 4. What stands in the way and is not ours is never touched.
import { Unavailable } from '@microstax/bus/bus-error';
import { digestOf } from '@microstax/model/digest';
import type { KubeAnswer, KubeFailure } from '../../core/kubernetes/kube-answer.ts';
import { inWords, type KubeObject, nameOf, type ObjectName } from '../../core/kubernetes/kube-object.ts';
import { fieldManager, labelsOf, managedBy, marks, type Place } from '../../core/kubernetes/marks.ts';
import { DriverRefusal, type Fence } from '../driver/driver.ts';
import type { KubeApi } from './kube-client.ts';

const noVersion = '1';
const conflictsMax = 8; // each was lost to somebody who wrote in between, mostly a controller's status

export class FencedObjects {
  readonly #client: KubeApi;

  constructor(client: KubeApi) {
    this.#client = client;
  }

  /**
   * Makes the objects be as given. What is there already as it was applied before is not touched, so nothing of it changes.
   * `only`: those that are missing, or those that are there.
   */
  async put(objects: readonly KubeObject[], place: Place, epoch: number, only?: 'missing' | 'present'): Promise<Fence> {
    for (let lost = 0; ; lost += 1) {
      const lives = await Promise.all(objects.map((object) => this.read(nameOf(object))));
      if (lives.some((live) => live !== undefined && epochOf(live) > epoch)) return 'fenced';
      const pending = objects.flatMap((object, index) => {
        const live = lives[index];
        if (live !== undefined) mustBeOurs(live, place);
        if (only === 'missing' ? live !== undefined : only === 'present' && live === undefined) return [];
        return live?.metadata.annotations?.[marks.digest] === contentDigest(object) ? [] : [{ object, live }];
      });
      if (pending.length === 0) return 'passed';
      if ((await this.#fence(place, epoch)) === 'fenced') return 'fenced';
      const answers = await Promise.all(pending.map(({ object, live }) => this.#write(object, live, epoch)));
      if (answers.includes('fenced')) return 'fenced';
      if (answers.every((answer) => answer === 'passed')) return 'passed';
      if (lost >= conflictsMax) throw new Unavailable(`a quiet moment in namespace ${place.namespace}`);
    }
  }

  /** Deletes what was read. An object that is gone, or is another by now, is done with. */
  async remove(lives: readonly KubeObject[], place: Place, epoch: number): Promise<Fence> {
    let pending = lives;
    for (let lost = 0; pending.length > 0; lost += 1) {
      if (pending.some((live) => epochOf(live) > epoch)) return 'fenced';
      if ((await this.#fence(place, epoch)) === 'fenced') return 'fenced';
      const again = await Promise.all(pending.map((live) => this.#delete(live)));
      pending = again.flatMap((live) => live ?? []);
      if (lost >= conflictsMax) throw new Unavailable(`a quiet moment in namespace ${place.namespace}`);
    }
    return 'passed';
  }

  /** Changes members of an object that was read, and of no other version of it; false where it has moved on. */
  async patch(
    live: KubeObject,
    patch: { readonly annotations: Readonly<Record<string, string | null>>; readonly spec: object },
    place: Place,
    epoch: number,
  ): Promise<Fence | 'moved'> {
    if (epochOf(live) > epoch || (await this.#fence(place, epoch)) === 'fenced') return 'fenced';
    const annotations = { ...patch.annotations, [marks.epoch]: String(epoch) };
    const { resourceVersion } = live.metadata;
    const body = { metadata: { resourceVersion, annotations }, spec: patch.spec };
    const answer = await this.#client.merge(nameOf(live), body);
    if (answer.kind === 'ok') return 'passed';
    if (answer.kind === 'conflict' || answer.kind === 'absent') return 'moved';
    throw problem(`change ${inWords(nameOf(live))}`, answer);
  }

  /** An object as it is; undefined where there is none. */
  async read(name: ObjectName): Promise<KubeObject | undefined> {
    const answer = await this.#client.get(name);
    if (answer.kind === 'ok') return answer.value;
    if (answer.kind === 'absent') return undefined;
    throw problem(`read ${inWords(name)}`, answer);
  }

  async #write(object: KubeObject, live: KubeObject | undefined, epoch: number): Promise<Fence | 'moved'> {
    const { metadata } = object;
    const annotations = {
      ...metadata.annotations,
      [marks.digest]: contentDigest(object),
      [marks.epoch]: String(epoch),
    };
    const resourceVersion = live?.metadata.resourceVersion ?? noVersion;
    const answer = await this.#client.apply({ ...object, metadata: { ...metadata, annotations, resourceVersion } });
    if (answer.kind === 'ok') return 'passed';
    if (answer.kind === 'conflict') return 'moved';
    // Where the cluster has our admission policy, it compares too.
    if (answer.kind === 'refused' && answer.message.includes("is below the namespace's")) return 'fenced';
    throw problem(`apply ${inWords(nameOf(object))}`, answer);
  }

  async #delete(live: KubeObject): Promise<KubeObject | undefined> {
    const { uid = '', resourceVersion = '' } = live.metadata;
    const answer = await this.#client.delete(nameOf(live), { uid, resourceVersion });
    if (answer.kind === 'ok' || answer.kind === 'absent') return undefined;
    if (answer.kind !== 'conflict') throw problem(`delete ${inWords(nameOf(live))}`, answer);
    const now = await this.read(nameOf(live));
    return now?.metadata.uid === uid && now.metadata.deletionTimestamp === undefined ? now : undefined;
  }

  async #fence(place: Place, epoch: number): Promise<Fence> {
    const live = await this.read({ kind: 'Namespace', name: place.namespace });
    if (live === undefined || live.metadata.deletionTimestamp !== undefined)
      throw new DriverRefusal(
        `Namespace ${place.namespace} of "${place.env}" ${live === undefined ? 'is gone' : 'is being deleted'}; next: msx retry ${place.env}, which makes another`,
      );
    mustBeOurs(live, place);
    return epochOf(live) > epoch ? 'fenced' : 'passed';
  }
}

/** The epoch that an object was written under; 0 where it carries none. */
export function epochOf({ metadata }: KubeObject): number {
  const text = metadata.annotations?.[marks.epoch] ?? '';
  return /^\d+$/.test(text) ? Number(text) : 0;
}

/** What an answer that is no success means to whoever asked: it may help to try again, or it does not. */
export function problem(action: string, answer: KubeFailure): Error {
  switch (answer.kind) {
    case 'unavailable':
    case 'unknown': // trying again reads it back first
    case 'conflict':
      return new Unavailable('the Kubernetes API', { cause: new Error(`Cannot ${action}: ${answer.message}`) });
    case 'absent':
      return new DriverRefusal(`Cannot ${action}: ${answer.message}; next: msx retry`);
    case 'refused':
      return new DriverRefusal(`Cannot ${action}: ${answer.message}${whatNext(answer.reason, answer.message)}`);
  }
}

/** The value of an answer; throws as `problem` says. */
export function valueIn<T>(action: string, answer: KubeAnswer<T>): T {
  if (answer.kind === 'ok') return answer.value;
  throw problem(action, answer);
}

function whatNext(reason: string, message: string): string {
  if (reason === 'Unauthorized') return '; next: renew the credentials of the kubeconfig';
  if (reason !== 'Forbidden') return '';
  if (message.includes('exceeded quota')) return '; next: raise the quota, or ask for less';
  return '; next: give the runtime the rights of deploy/kubernetes/rbac.yaml';
}

function contentDigest(object: KubeObject): string {
  return digestOf('kube-object', object);
}

function mustBeOurs(live: KubeObject, place: Place): void {
  const { labels = {} } = live.metadata;
  const own = labelsOf(place, 'environment');
  const isOurs = [managedBy, marks.organisation, marks.environment].every((key) => labels[key] === own[key]);
  if (isOurs) return;
  const name = nameOf(live);
  throw new DriverRefusal(
    `Cannot write ${inWords(name)}: it is there, and not ${fieldManager}'s of "${place.env}"; next: take it away, or call the service otherwise`,
  );
}
