import { addressText } from '@microstax/model/external-address';
import type { Finding } from '@microstax/model/finding';
import type { Placement } from '@microstax/model/plan';
import type { LogicalTarget, ResolvedRecord } from '@microstax/model/resolution';

/** What to say where a record leads elsewhere than the plan; null where they agree. */
export function disagreement(record: ResolvedRecord, placement: Placement | undefined): Finding | null {
  const resolved = record.target === null ? 'denied' : addressOf(record.target);
  const planned = plannedAddress(record.env, placement);
  if (resolved === planned) return null;
  return {
    severity: 'error',
    code: 'plan-disagrees',
    subject: record.service,
    reason: `${record.service} resolves to ${resolved} by its candidates, but the plan says ${planned}`,
    next: 'plan the environment again: msx retry',
    evidence: { resolved, planned },
  };
}

function plannedAddress(env: string, placement: Placement | undefined): string {
  if (placement === undefined) return 'nothing';
  if (placement.kind === 'local') return addressOf({ env, service: placement.service });
  if (placement.external !== undefined) return addressText(placement.external);
  return placement.provider === undefined ? 'denied' : addressOf(placement.provider);
}

function addressOf(target: LogicalTarget): string {
  return 'external' in target ? addressText(target.external) : `${target.env}/${target.service}`;
}
