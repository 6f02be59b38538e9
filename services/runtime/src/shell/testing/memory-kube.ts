import type { KubeAnswer } from '../../core/kubernetes/kube-answer.ts';
import { inWords, type KubeObject, nameOf, type ObjectName } from '../../core/kubernetes/kube-object.ts';
import type { KubeApi, Preconditions, Selection } from '../kubernetes/kube-client.ts';

/** A Kubernetes API in memory that compares versions as the real one does; only for tests. */
export class MemoryKube implements KubeApi {
  readonly objects = new Map<string, KubeObject>();
  /** Every write that changed something, in order: `apply Service shop/web`. */
  readonly writes: string[] = [];
  /** Called before each write is looked at: what others do in between. */
  before: (what: string) => void = () => {};
  /** What the next write is answered with, after it was done or in place of it. */
  next: { readonly answer: KubeAnswer<never>; readonly done: boolean } | undefined;
  #version = 100;

  async get(name: ObjectName): Promise<KubeAnswer<KubeObject>> {
    const value = this.objects.get(inWords(name));
    return value === undefined ? { kind: 'absent', message: 'not found' } : { kind: 'ok', value };
  }

  async list(
    kind: string,
    namespace: string | undefined,
    { labels = {} }: Selection = {},
  ): Promise<KubeAnswer<KubeObject[]>> {
    const value = [...this.objects.values()].filter(
      (one) =>
        one.kind === kind &&
        (namespace === undefined || one.metadata.namespace === namespace) &&
        Object.entries(labels).every(([key, text]) => one.metadata.labels?.[key] === text),
    );
    return { kind: 'ok', value };
  }

  apply(object: KubeObject): Promise<KubeAnswer<KubeObject>> {
    return this.#write(`apply ${inWords(nameOf(object))}`, () => {
      const live = this.objects.get(inWords(nameOf(object)));
      const { resourceVersion } = object.metadata;
      if (live !== undefined && resourceVersion !== live.metadata.resourceVersion) return moved;
      return this.#keep({
        ...object,
        metadata: { ...object.metadata, uid: live?.metadata.uid ?? `uid-${this.#version}` },
      });
    });
  }

  merge(name: ObjectName, patch: object): Promise<KubeAnswer<KubeObject>> {
    return this.#write(`merge ${inWords(name)}`, () => {
      const live = this.objects.get(inWords(name));
      const { metadata, spec } = patch as { metadata: KubeObject['metadata']; spec?: object };
      if (live === undefined) return { kind: 'absent', message: 'not found' };
      if (metadata.resourceVersion !== live.metadata.resourceVersion) return moved;
      const annotations = { ...live.metadata.annotations, ...metadata.annotations };
      return this.#keep({
        ...live,
        metadata: { ...live.metadata, annotations },
        spec: { ...(live.spec as object), ...spec },
      });
    });
  }

  create(object: KubeObject): Promise<KubeAnswer<KubeObject>> {
    return this.#write(`create ${inWords(nameOf(object))}`, () =>
      this.objects.has(inWords(nameOf(object)))
        ? { kind: 'conflict', reason: 'AlreadyExists', message: 'it is there' }
        : this.#keep({ ...object, metadata: { ...object.metadata, uid: `uid-${this.#version}` } }),
    );
  }

  delete(name: ObjectName, { uid, resourceVersion }: Preconditions): Promise<KubeAnswer<unknown>> {
    return this.#write<unknown>(`delete ${inWords(name)}`, () => {
      const live = this.objects.get(inWords(name));
      if (live === undefined) return { kind: 'absent', message: 'not found' };
      if (live.metadata.uid !== uid || live.metadata.resourceVersion !== resourceVersion) return moved;
      this.objects.delete(inWords(name));
      return { kind: 'ok', value: live };
    });
  }

  /** Somebody changes an object: its version moves on. */
  touch(name: ObjectName, annotations: Readonly<Record<string, string>> = {}): void {
    const live = this.objects.get(inWords(name));
    if (live === undefined) throw new Error(`there is no ${inWords(name)}`);
    this.#keep({
      ...live,
      metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, ...annotations } },
    });
  }

  async #write<T>(what: string, act: () => KubeAnswer<T>): Promise<KubeAnswer<T>> {
    this.before(what);
    const { next } = this;
    this.next = undefined;
    if (next?.done === false) return next.answer;
    const answer = act();
    if (answer.kind === 'ok') this.writes.push(what);
    return next === undefined ? answer : next.answer;
  }

  #keep(object: KubeObject): KubeAnswer<KubeObject> {
    this.#version += 1;
    const value = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.objects.set(inWords(nameOf(object)), value);
    return { kind: 'ok', value };
  }
}

const moved: KubeAnswer<never> = { kind: 'conflict', reason: 'Conflict', message: 'the object has been modified' };
