import type { Resolution } from '@microstax/model/resolution';
import type { Log } from '@microstax/service/log';
import { trace } from '@opentelemetry/api';

/** An activation in log lines and spans. */
export type ActivationEvent = { readonly org: string; readonly env: string; readonly activation: string };

export function resolutionWasRecorded(log: Log, about: ActivationEvent, { records, findings }: Resolution): void {
  const denied = records.filter(({ tier }) => tier === 'denied').length;
  log.info({ ...about, records: records.length, denied, findings: findings.length }, 'resolution recorded');
  trace.getActiveSpan()?.setAttributes({
    'msx.activation': about.activation,
    'msx.records': records.length,
    'msx.denied': denied,
    'msx.findings': findings.length,
  });
}
