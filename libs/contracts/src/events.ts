import { activationApproved } from './activation-approved.ts';
import { activationDenied } from './activation-denied.ts';
import { activationFailed } from './activation-failed.ts';
import { activationSuperseded } from './activation-superseded.ts';
import { blueprintAccepted } from './blueprint-accepted.ts';
import { blueprintRejected } from './blueprint-rejected.ts';
import { busOpened } from './bus-opened.ts';
import { environmentExpiring } from './environment-expiring.ts';
import { environmentReady } from './environment-ready.ts';
import { environmentRevised } from './environment-revised.ts';
import type { EventContract } from './event-contract.ts';
import { executionOffered } from './execution-offered.ts';
import { executionStarted } from './execution-started.ts';
import { jobChanged } from './job-changed.ts';
import { planDrafted } from './plan-drafted.ts';
import { planRefused } from './plan-refused.ts';
import { resolutionRecorded } from './resolution-recorded.ts';
import { revisionOutdated } from './revision-outdated.ts';
import { revisionRefused } from './revision-refused.ts';
import { revisionUnchanged } from './revision-unchanged.ts';

/** Every event, in the order of an activation. */
export const eventContracts: readonly EventContract<never>[] = [
  blueprintAccepted,
  blueprintRejected,
  environmentRevised,
  revisionUnchanged,
  revisionRefused,
  revisionOutdated,
  planDrafted,
  planRefused,
  resolutionRecorded,
  activationApproved,
  activationDenied,
  executionStarted,
  jobChanged,
  environmentReady,
  activationFailed,
  activationSuperseded,
  executionOffered,
  environmentExpiring,
  busOpened,
] as unknown as readonly EventContract<never>[];
