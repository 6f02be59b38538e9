import type { CandidateName } from '@microstax/model/plan';

/** What a policy said about one service or one candidate, and in which words. */
export type ServiceVerdict = { readonly policy: string; readonly service: string; readonly message: string };
export type Preference = ServiceVerdict & { readonly placement: 'local' | 'remote'; readonly microsPerHour: number };
export type Veto = { readonly policy: string; readonly candidate: CandidateName; readonly message: string };

/** What policies say, evaluated by the shell: inputs of the core like any other (design 5.3). All sorted. */
export type Verdicts = {
  /** A copy must not run here. */
  readonly forbidden: readonly ServiceVerdict[];
  /** It must run here: isolation. */
  readonly required: readonly ServiceVerdict[];
  readonly preferences: readonly Preference[];
  readonly vetoes: readonly Veto[];
};

export const noVerdicts: Verdicts = { forbidden: [], required: [], preferences: [], vetoes: [] };
