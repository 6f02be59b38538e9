import type { Finding } from '@microstax/model/finding';
import type { Outcome } from '@microstax/model/status';

/** The one recorded answer of a submission (protocol 2). */
export type SubmissionAnswer =
  | { readonly kind: 'rejected'; readonly findings: readonly Finding[] }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] }
  | {
      readonly kind: 'unchanged';
      readonly generation: number;
      readonly activation: string;
      readonly outcome: Outcome | null;
    }
  | { readonly kind: 'outdated'; readonly newer: string }
  | {
      readonly kind: 'revised';
      readonly generation: number;
      readonly activation: string;
      readonly trace: string | null;
    };
