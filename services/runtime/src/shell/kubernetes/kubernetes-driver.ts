// Owns: the namespaces of environments and what is in them.
// Does not own: the journal, the router's tables, what shall run, whether something is tried again (the executor).
//
// 1. Every effect goes through FencedObjects: it compares the epoch and never overwrites what it did not read.
// 2. An instance is a workload of its own with an address of its own; what replaces it runs beside it. Only data is
//    passed on: whoever keeps some is put to rest first, and wakes again where its successor is ended.
// 3. Names lead to instances, and are changed by `rename` alone.
// 4. Deleting is begun and not waited for; what is being deleted is nobody's.
import { randomBytes } from 'node:crypto';
import { Unavailable } from '@microstax/bus/bus-error';
import type { InstanceRecord } from '@microstax/model/journal';
import type { ServiceSpec } from '@microstax/model/service-spec';
import type { Clock } from '@microstax/service/clock';
import { workloadJobs } from '../../core/instances.ts';
import { inWords, type KubeKind, type KubeObject, nameOf } from '../../core/kubernetes/kube-object.ts';
import { component, fieldManager, managedBy, marks } from '../../core/kubernetes/marks.ts';
import { type Names, nameObjects, numbersFor } from '../../core/kubernetes/name-objects.ts';
import { sumOf } from '../../core/kubernetes/objects-of.ts';
import { object, type PlaceOptions, placeObjects, quotaObject, type Sum } from '../../core/kubernetes/place-objects.ts';
import { keepsData } from '../../core/kubernetes/pod-volumes.ts';
import {
  addressName,
  instanceSelector,
  secretObjectName,
  secretValueKey,
  workloadName,
  workloadObjects,
} from '../../core/kubernetes/workload-objects.ts';
import {
  type Arrangement,
  type Driver,
  DriverRefusal,
  type Fence,
  type ReadyOutcome,
  type ReadyRequest,
  type Scope,
  type StartOutcome,
  type StartRequest,
} from '../driver/driver.ts';
import { FencedObjects, problem, valueIn } from './fenced-objects.ts';
import { instanceRecord, instanceRecords } from './instance-records.ts';
import type { KubeClient } from './kube-client.ts';
import { type KnownPlace, Places } from './places.ts';
import { untilReady } from './until-ready.ts';

export type KubernetesDriverOptions = { readonly client: KubeClient; readonly clock: Clock } & PlaceOptions;

const workloadKinds = ['Deployment', 'StatefulSet'] as const;
const restMsMax = 60_000; // a pod that does not end within its grace period keeps its volume
const restPollMs = 250;

export class KubernetesDriver implements Driver {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #options: PlaceOptions;
  readonly #objects: FencedObjects;
  readonly #places: Places;

  constructor({ client, clock, gatewayNamespace, routerCidrs }: KubernetesDriverOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#options = { gatewayNamespace, routerCidrs };
    this.#objects = new FencedObjects(client);
    this.#places = new Places(client);
  }

  /** Where an environment has no namespace there is nothing that an older owner could change. */
  async stamp(scope: Scope, epoch: number): Promise<Fence> {
    const place = await this.#places.find(scope);
    return place === undefined ? 'passed' : this.#places.stamp(place, epoch);
  }

  async prepare(arrangement: Arrangement): Promise<Fence> {
    const { scope, epoch, plan } = arrangement;
    const runsSomething = workloadJobs(plan).length > 0;
    const place = runsSomething ? await this.#places.ensure(scope, epoch) : await this.#places.find(scope);
    if (place === undefined) return 'passed';
    if ((await this.#places.stamp(place, epoch)) === 'fenced') return 'fenced';
    const room = await this.#roomAtLeast(place, sumOf(plan));
    const { names, openings, fronts } = await this.#namesOf(arrangement, place);
    const around = [...placeObjects(place, room, this.#options), ...openings, ...fronts];
    if ((await this.#objects.put(around, place, epoch)) === 'fenced') return 'fenced';
    if ((await this.#objects.put(names, place, epoch, 'missing')) === 'fenced') return 'fenced';
    return this.#keepUp(arrangement, place);
  }

  async rename(arrangement: Arrangement): Promise<Fence> {
    const { scope, epoch, plan } = arrangement;
    const place = await this.#places.find(scope);
    if (place === undefined) return 'passed';
    const { names, openings, fronts } = await this.#namesOf(arrangement, place);
    if ((await this.#clearWay(names, place, epoch)) === 'fenced') return 'fenced';
    // Whoever a name leads to is beside it before, and goes after it.
    if ((await this.#objects.put([...openings, ...fronts], place, epoch)) === 'fenced') return 'fenced';
    const wanted = [...names, ...openings, ...fronts, quotaObject(place, sumOf(plan))];
    if ((await this.#objects.put(wanted, place, epoch)) === 'fenced') return 'fenced';
    const there = [
      ...(await this.#list('Service', place, { [component]: 'name' })),
      ...(await this.#list('NetworkPolicy', place, { [component]: 'opening' })),
      ...(await this.#list('EndpointSlice', place, { [component]: 'front' })),
    ];
    const kept = new Set(wanted.map((one) => inWords(nameOf(one))));
    const surplus = there.filter((one) => !kept.has(inWords(nameOf(one))));
    return this.#objects.remove(surplus, place, epoch);
  }

  /** Generated once and kept in the namespace; a value that is there is never written over. */
  async ensureSecrets(scope: Scope, spec: ServiceSpec): Promise<void> {
    const generated = spec.secrets.filter(({ source }) => source === 'auto-generated');
    if (generated.length === 0) return;
    const place = await this.#mustFind(scope);
    for (const { name } of generated) {
      const secret = object(place, 'Secret', secretObjectName(name), 'secret', {
        data: { [secretValueKey]: Buffer.from(randomBytes(16).toString('hex')).toString('base64') },
      });
      // Making what is there is refused, so nobody has to be allowed to read it.
      const answer = await this.#client.create(secret);
      if (answer.kind === 'ok' || (answer.kind === 'conflict' && answer.reason === 'AlreadyExists')) continue;
      throw problem(`make ${inWords(nameOf(secret))}`, answer);
    }
  }

  async start(request: StartRequest): Promise<StartOutcome> {
    const { scope, instance, epoch, spec, runDigest } = request;
    const place = await this.#mustFind(scope);
    const numbers = numbersFor(spec, await request.composition());
    const made = workloadObjects({ place, instance, spec, runDigest, numbers });
    if (made.kind === 'unknown') return { kind: 'failed', reason: made.reason, again: false };
    const name = { ...workloadName(spec, instance), namespace: place.namespace };
    const before = await this.#objects.read(name);
    if (keepsData(spec) && (await this.#putToRest(place, request)) === 'fenced') return { kind: 'fenced' };
    if ((await this.#objects.put(made.value, place, epoch)) === 'fenced') return { kind: 'fenced' };
    const [workload, address] = await Promise.all([this.#objects.read(name), this.#addressOf(place, spec, instance)]);
    const record = workload && instanceRecord(place, workload, address);
    if (!record)
      return { kind: 'failed', reason: `${inWords(name)} was taken away as soon as it was made`, again: true };
    return { kind: 'running', instance: record, already: before !== undefined };
  }

  async ready(request: ReadyRequest): Promise<ReadyOutcome> {
    const place = await this.#places.find(request.scope);
    const { env } = request.scope;
    if (place === undefined) return { kind: 'failed', reason: `the namespace of "${env}" is gone`, portTaken: false };
    return untilReady(request, { client: this.#client, clock: this.#clock, namespace: place.namespace });
  }

  async missing(scope: Scope, instances: readonly InstanceRecord[]): Promise<readonly InstanceRecord[]> {
    const living = new Set((await this.list(scope)).map(({ id, startTime }) => `${id} ${startTime}`));
    return instances.filter(({ id, startTime }) => !living.has(`${id} ${startTime}`));
  }

  async lastWords(_scope: Scope, { service, object: where }: InstanceRecord): Promise<string> {
    return `"${service}" is gone: there is no ${where ?? 'workload of it'} any more`;
  }

  async find(scope: Scope, instance: string): Promise<InstanceRecord | undefined> {
    return (await this.list(scope)).find(({ id }) => id === instance);
  }

  async list(scope: Scope): Promise<readonly InstanceRecord[]> {
    const place = await this.#places.find(scope);
    if (place === undefined) return [];
    const [services, ...workloads] = await Promise.all([
      this.#list('Service', place, { [component]: 'address' }),
      ...workloadKinds.map((kind) => this.#list(kind, place, {})),
    ]);
    return instanceRecords(place, workloads.flat(), services);
  }

  async stop(scope: Scope, instance: InstanceRecord, epoch: number): Promise<Fence> {
    const place = await this.#places.find(scope);
    if (place === undefined) return 'passed';
    const labels = instanceSelector(instance.id);
    const kinds = [...workloadKinds, 'Service', 'ConfigMap'] as const;
    const lives = (await Promise.all(kinds.map((kind) => this.#list(kind, place, labels)))).flat();
    if ((await this.#objects.remove(lives, place, epoch)) === 'fenced') return 'fenced';
    return this.#wake(place, instance, epoch);
  }

  /** Everything of an environment is in its namespace, and goes with it. */
  async clear(scope: Scope, epoch: number): Promise<Fence> {
    const place = await this.#places.find(scope);
    if (place === undefined) return 'passed';
    if ((await this.#places.stamp(place, epoch)) === 'fenced') return 'fenced';
    const live = await this.#objects.read({ kind: 'Namespace', name: place.namespace });
    return live?.metadata.uid === place.uid ? this.#objects.remove([live], place, epoch) : 'passed';
  }

  // What is kept may have changed in what it is given, which is no other instance: its workload rolls by itself.
  async #keepUp({ scope, epoch, plan, wanted, composition }: Arrangement, place: KnownPlace): Promise<Fence> {
    const there = new Set((await this.list(scope)).map(({ id }) => id));
    const kept = workloadJobs(plan).filter(({ service }) => there.has(wanted.get(service) ?? ''));
    for (const { service, runDigest } of kept) {
      const [spec, instance] = [plan.specs[service], wanted.get(service)];
      if (spec === undefined || instance === undefined) continue;
      const made = workloadObjects({
        place,
        instance,
        spec,
        runDigest,
        numbers: numbersFor(spec, await composition()),
      });
      if (made.kind === 'unknown') throw new DriverRefusal(made.reason);
      if ((await this.#objects.put(made.value, place, epoch, 'present')) === 'fenced') return 'fenced';
    }
    return 'passed';
  }

  async #namesOf(arrangement: Arrangement, place: KnownPlace): Promise<Names> {
    const { scope, plan, resolution, wanted, listeners = [], composition } = arrangement;
    const { org } = scope;
    const targets = new Set(
      resolution.records.flatMap(({ target }) => (target !== null && 'env' in target ? [target.env] : [])),
    );
    targets.delete(scope.env);
    const found = await Promise.all(
      [...targets].map(async (env) => [env, (await this.#places.find({ org, env }))?.namespace] as const),
    );
    const namespaces = new Map(found);
    return nameObjects({
      ...{ place, plan, resolution, wanted, listeners, composition: await composition() },
      namespaceOf: (env) => namespaces.get(env),
    });
  }

  // A Service without addresses cannot be given some, nor the other way round: it is made anew.
  async #clearWay(names: readonly KubeObject[], place: KnownPlace, epoch: number): Promise<Fence> {
    const lives = await Promise.all(names.map((name) => this.#objects.read(nameOf(name))));
    const stuck = lives.filter((live, index): live is KubeObject => {
      const wanted = names[index];
      return (
        live !== undefined &&
        wanted !== undefined &&
        isHeadless(live) !== isHeadless(wanted) &&
        hasAddresses(live, wanted)
      );
    });
    return this.#objects.remove(stuck, place, epoch);
  }

  async #roomAtLeast(place: KnownPlace, sum: Sum): Promise<Sum> {
    const wanted = quotaObject(place, sum);
    const live = await this.#objects.read(nameOf(wanted));
    const before = JSON.parse(live?.metadata.annotations?.[marks.room] ?? '{}') as Partial<Sum>;
    return {
      pods: Math.max(sum.pods, before.pods ?? 0),
      cpuMillicores: Math.max(sum.cpuMillicores, before.cpuMillicores ?? 0),
      memoryBytes: Math.max(sum.memoryBytes, before.memoryBytes ?? 0),
    };
  }

  // Two that write to one volume would spoil it, so the one before rests until its successor serves or is ended.
  async #putToRest(place: KnownPlace, { instance, epoch, spec }: StartRequest): Promise<Fence> {
    for (const other of await this.#list('StatefulSet', place, { [marks.service]: spec.name })) {
      const id = other.metadata.annotations?.[marks.instanceId];
      if (id === undefined || id === instance) continue;
      if (replicasOf(other) > 0) {
        const patch = { annotations: { [marks.restsFor]: instance }, spec: { replicas: 0 } };
        const outcome = await this.#objects.patch(other, patch, place, epoch);
        if (outcome === 'fenced') return 'fenced';
        if (outcome === 'moved') throw new Unavailable(`the version of ${inWords(nameOf(other))} that was read`);
      }
      await this.#untilAtRest(place, id);
    }
    return 'passed';
  }

  async #untilAtRest(place: KnownPlace, instance: string): Promise<void> {
    const endsAt = this.#clock.monotonicMs() + restMsMax;
    while ((await this.#list('Pod', place, instanceSelector(instance))).length > 0) {
      if (this.#clock.monotonicMs() >= endsAt)
        throw new DriverRefusal(
          `Pods of "${instance}" do not end and keep its data; next: kubectl -n ${place.namespace} get pods`,
        );
      await this.#clock.delay(restPollMs);
    }
  }

  async #wake(place: KnownPlace, { id, service }: InstanceRecord, epoch: number): Promise<Fence> {
    for (const other of await this.#list('StatefulSet', place, { [marks.service]: service })) {
      if (other.metadata.annotations?.[marks.restsFor] !== id) continue;
      const patch = { annotations: { [marks.restsFor]: null }, spec: { replicas: 1 } };
      const outcome = await this.#objects.patch(other, patch, place, epoch);
      if (outcome === 'fenced') return 'fenced';
      if (outcome === 'moved') throw new Unavailable(`the version of ${inWords(nameOf(other))} that was read`);
    }
    return 'passed';
  }

  async #addressOf(place: KnownPlace, spec: ServiceSpec, instance: string): Promise<KubeObject | undefined> {
    if (spec.ports.length === 0) return undefined;
    return this.#objects.read({ kind: 'Service', namespace: place.namespace, name: addressName(instance) });
  }

  async #mustFind({ org, env }: Scope): Promise<KnownPlace> {
    const place = await this.#places.find({ org, env });
    if (place === undefined) throw new DriverRefusal(`The namespace of "${env}" is gone; next: msx retry ${env}`);
    return place;
  }

  async #list(
    kind: KubeKind,
    { namespace }: KnownPlace,
    labels: Readonly<Record<string, string>>,
  ): Promise<KubeObject[]> {
    const own = { [managedBy]: fieldManager, ...labels };
    return valueIn(`list ${kind} of ${namespace}`, await this.#client.list(kind, namespace, { labels: own }));
  }
}

function replicasOf({ spec }: KubeObject): number {
  return (spec as { replicas?: number } | undefined)?.replicas ?? 1;
}

type ServiceWords = { readonly type?: string; readonly clusterIP?: string };

function isHeadless({ spec }: KubeObject): boolean {
  return (spec as ServiceWords | undefined)?.clusterIP === 'None';
}

function hasAddresses(...services: readonly KubeObject[]): boolean {
  return services.every(({ spec }) => (spec as ServiceWords | undefined)?.type !== 'ExternalName');
}
