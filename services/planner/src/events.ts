import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import type { Log } from '@microstax/service/log';
import { type Attributes, trace } from '@opentelemetry/api';

/** An activation in log lines and spans. */
export type ActivationEvent = { readonly org: string; readonly env: string; readonly activation: string };

export function planWasDrafted(log: Log, about: ActivationEvent, plan: Plan): void {
  const services = plan.placements.length;
  const local = plan.placements.filter(({ kind }) => kind === 'local').length;
  const { microsPerHour } = plan.cost;
  log.info({ ...about, services, local, jobs: plan.jobs.length, microsPerHour }, 'plan drafted');
  mark({
    'msx.activation': about.activation,
    'msx.services': services,
    'msx.local': local,
    'msx.jobs': plan.jobs.length,
    'msx.micros_per_hour': microsPerHour,
  });
}

export function planWasRefused(log: Log, about: ActivationEvent, findings: readonly Finding[]): void {
  const subjects = findings.map(({ subject }) => subject);
  log.info({ ...about, subjects }, 'plan refused: its requirements contradict each other');
  mark({ 'msx.activation': about.activation, 'msx.refused': subjects });
}

function mark(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}
