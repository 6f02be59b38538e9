import type { Plan } from '@microstax/model/plan';
import { workloadJobs } from '../instances.ts';
import type { KubeObject } from './kube-object.ts';
import { type Naming, nameObjects, numbersFor } from './name-objects.ts';
import { namespaceObject, type PlaceOptions, placeObjects, type Sum } from './place-objects.ts';
import type { Filled } from './words.ts';
import { workloadObjects } from './workload-objects.ts';

/**
 * Every object of an environment, in the order in which they are made. A pure function of plan, records and composition:
 * the same input gives the same bytes, and neither epoch nor time is in them. Values of secrets are not either.
 */
export function objectsOf(naming: Naming, options: PlaceOptions): Filled<readonly KubeObject[]> {
  const { place, plan, composition, wanted } = naming;
  const objects: KubeObject[] = [namespaceObject(place), ...placeObjects(place, sumOf(plan), options)];
  for (const { service, runDigest } of workloadJobs(plan)) {
    const [spec, instance] = [plan.specs[service], wanted.get(service)];
    if (spec === undefined || instance === undefined) continue;
    const made = workloadObjects({ place, instance, spec, runDigest, numbers: numbersFor(spec, composition) });
    if (made.kind === 'unknown') return made;
    objects.push(...made.value);
  }
  const { names, openings, fronts } = nameObjects(naming);
  return { kind: 'filled', value: [...objects, ...openings, ...fronts, ...names] };
}

const podMillicores = 50; // what the namespace's defaults give to a container that states nothing
const podBytes = 64 * 1_024 ** 2;

/** What the plan's instances ask for, each by its own word or the namespace's default. */
export function sumOf(plan: Plan): Sum {
  let [pods, cpuMillicores, memoryBytes] = [0, 0, 0];
  for (const { service } of workloadJobs(plan)) {
    const spec = plan.specs[service];
    if (spec === undefined) continue;
    const replicas = spec.replicas ?? 1;
    pods += replicas;
    cpuMillicores += replicas * (spec.resources.cpuMillicores || podMillicores);
    memoryBytes += replicas * (spec.resources.memoryBytes || podBytes);
  }
  return { pods, cpuMillicores, memoryBytes };
}
