import { must } from '@microstax/model/must';
import type { Policy, PolicyBundle, PolicyEffect } from '@microstax/model/policy';
import type { Candidates } from './candidates.ts';
import { serviceAt } from './composed-view.ts';
import { type PlanInput, viewOf } from './plan.ts';
import type { Verdicts } from './verdicts.ts';

/** A value that an expression may read: whole numbers are `bigint`, because CEL tells them from others. */
export type Subject = { readonly [name: string]: SubjectValue };
export type SubjectValue = string | boolean | bigint | null | readonly SubjectValue[] | Subject;

/** Which policy holds for which subject, by index. */
export type Hit = { readonly policy: number; readonly subject: number };

/** What expressions know of the environment. */
export function environmentSubject({ derivation, composition }: PlanInput): Subject {
  const { org, env, wanted } = derivation.value;
  const { mode, root, ancestors } = composition.value;
  return { org, name: env, wanted, mode, root, ancestors };
}

/** What `forbid`, `require` and `prefer` are asked about, in the order of names; removed services are nobody's to place. */
export function serviceSubjects(input: PlanInput): readonly Subject[] {
  const view = viewOf(input);
  return [...view.services.keys()].flatMap((index): Subject[] => {
    const { name, owner, removed, spec, remote } = serviceAt(view, index);
    if (removed) return [];
    const difference = view.differences[index];
    const { cpuMillicores, memoryBytes, storageBytes } = spec.resources;
    return [
      {
        name,
        owner,
        state: difference?.state ?? 'unchanged',
        declared: difference?.declared ?? false,
        changes: (difference?.changes ?? []).map((change) => ({ pointer: change.pointer, class: change.class })),
        stateful: spec.stateful,
        exposed: spec.expose,
        sharing: spec.sharing,
        labels: spec.labels,
        image: spec.image ?? '',
        dependsOn: spec.dependsOn.map(({ service, kind, protocol }) => ({ service, kind, protocol })),
        resources: {
          cpuMillicores: BigInt(cpuMillicores),
          memoryBytes: BigInt(memoryBytes),
          storageBytes: BigInt(storageBytes),
        },
        remote: remote === null ? null : { env: remote.env, tier: remote.tier },
      },
    ];
  });
}

/** What `veto` is asked about: every candidate that can be had. */
export function candidateSubjects(candidates: Candidates | null): readonly Subject[] {
  if (candidates === null || candidates.kind === 'contradiction') return [];
  return candidates.all.flatMap(({ name, localServices, microsPerHour, objectiveMicros }) =>
    microsPerHour === null || objectiveMicros === null
      ? []
      : [
          {
            name,
            local: localServices,
            localServices: BigInt(localServices.length),
            microsPerHour: BigInt(microsPerHour),
            objectiveMicros: BigInt(objectiveMicros),
          },
        ],
  );
}

/** The policies that are asked about services, or those about candidates. */
export function policiesAbout(bundle: PolicyBundle, about: 'services' | 'candidates'): PolicyBundle {
  return bundle.filter(({ effect }) => (effect === 'veto') === (about === 'candidates'));
}

/** What hits of one kind mean to the planner. */
export function verdictsOf(policies: PolicyBundle, subjects: readonly Subject[], hits: readonly Hit[]): Verdicts {
  const found = hits.map(({ policy, subject }) => ({
    rule: must(policies[policy], 'a hit names a policy') as Policy,
    name: String(must(subjects[subject], 'a hit names a subject').name),
  }));
  const said = (effect: PolicyEffect) =>
    found
      .filter(({ rule }) => rule.effect === effect)
      .map(({ rule, name }) => ({ policy: rule.name, service: name, message: rule.message, rule }));
  const plain = (effect: PolicyEffect) => said(effect).map(({ rule: _, ...verdict }) => verdict);
  return {
    forbidden: plain('forbid'),
    required: plain('require'),
    preferences: said('prefer').map(({ rule: { placement = 'remote', microsPerHour = 0 }, ...verdict }) => ({
      ...verdict,
      placement,
      microsPerHour,
    })),
    vetoes: said('veto').map(({ policy, service, message }) => ({
      policy,
      candidate: service as Verdicts['vetoes'][number]['candidate'],
      message,
    })),
  };
}
