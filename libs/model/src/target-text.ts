import { addressText } from './external-address.ts';
import type { ResolvedRecord } from './resolution.ts';

/** `payments in shop`, `pay.example.com:443` or `denied (removed)`: where a record leads, for people. */
export function targetText({ target, code }: Pick<ResolvedRecord, 'target' | 'code'>): string {
  if (target === null) return `denied (${code})`;
  return 'external' in target ? addressText(target.external) : `${target.service} in ${target.env}`;
}
