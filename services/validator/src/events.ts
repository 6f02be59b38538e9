import type { Finding } from '@microstax/model/finding';
import type { Log } from '@microstax/service/log';
import { trace } from '@opentelemetry/api';

/** An activation in log lines and spans. */
export type ActivationEvent = { readonly org: string; readonly env: string; readonly activation: string };

export function activationWasApproved(log: Log, about: ActivationEvent, findings: readonly Finding[]): void {
  judged(log, about, 'approved', findings);
}

export function activationWasDenied(log: Log, about: ActivationEvent, findings: readonly Finding[]): void {
  judged(log, about, 'denied', findings);
}

function judged(
  log: Log,
  about: ActivationEvent,
  judgement: 'approved' | 'denied',
  findings: readonly Finding[],
): void {
  const codes = [...new Set(findings.map(({ severity, code }) => `${severity} ${code}`))];
  log.info({ ...about, findings: codes }, `activation ${judgement}`);
  trace.getActiveSpan()?.setAttributes({
    'msx.activation': about.activation,
    'msx.judgement': judgement,
    'msx.findings': codes,
  });
}
