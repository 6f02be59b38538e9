import type { Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import type { Revision } from '@microstax/model/revision';
import type { RuntimeFact, RuntimeFeature } from '@microstax/model/runtime-fact';
import { environmentNeeds, type RuntimeNeed, serviceNeeds } from '@microstax/model/runtime-needs';

/**
 * That the runtime can do what is asked of it here: a field that nobody acts on is a promise that is not kept. Only what
 * would run here is asked; a preview touches nothing, so there it is a warning.
 */
export function checkRuntime(revision: Revision, plan: Plan, { runtime }: Facts, preview: boolean): Finding[] {
  if (runtime === undefined) return [];
  const severity = preview ? 'warning' : 'error';
  const missing = missingOf(runtime);
  const local = plan.placements.filter(({ kind }) => kind === 'local');
  return [
    ...missing(environmentNeeds(revision)).map((need) => finding({ severity, subject: plan.env, need, runtime })),
    ...local.flatMap(({ service }) => {
      const spec = plan.specs[service]; // a plan carries the specs of what it starts
      return spec === undefined
        ? []
        : missing(serviceNeeds(spec)).map((need) => finding({ severity, subject: service, need, runtime }));
    }),
  ];
}

function missingOf({ realises }: RuntimeFact): (needs: readonly RuntimeNeed[]) => readonly RuntimeNeed[] {
  const realised = new Set(realises);
  return (needs) => needs.filter(({ feature }) => !realised.has(feature));
}

function finding({
  severity,
  subject,
  need: { feature, field },
  runtime: { driver },
}: {
  readonly severity: Finding['severity'];
  readonly subject: string;
  readonly need: RuntimeNeed;
  readonly runtime: RuntimeFact;
}): Finding {
  return {
    severity,
    code: 'not-realisable',
    subject,
    reason: `${subject} declares ${field}, and driver "${driver}" of this runtime does not realise ${feature}`,
    next: whatToDo(feature, field),
    evidence: { field, feature, driver },
  };
}

function whatToDo(feature: RuntimeFeature, field: string): string {
  const elsewhere = 'or activate it where the runtime can';
  if (feature === 'image')
    return `say how it is started as a local process, run: { command: [program, argument] }, let it be inherited, ${elsewhere}`;
  if (feature === 'run') return `give it an image, let it be inherited, ${elsewhere}`;
  if (feature === 'secrets.reference') return `write value: auto-generated, ${elsewhere}`;
  if (feature === 'replicas') return `leave replicas out, ${elsewhere}`;
  return `leave ${field} out, ${elsewhere}`;
}
