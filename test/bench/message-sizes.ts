import type { Bus } from '@microstax/bus/bus';
import { activationApproved } from '@microstax/contracts/activation-approved';
import { blueprintAccepted } from '@microstax/contracts/blueprint-accepted';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import { resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import { streams } from '@microstax/contracts/topology';
import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';

const stages = [blueprintAccepted, environmentRevised, planDrafted, resolutionRecorded, activationApproved];

/** Bodies as large as the six messages that an activation of this environment consisted of, its Blueprint first. */
export async function bodiesLike(bus: Bus, env: string, blueprint: string): Promise<readonly Uint8Array[]> {
  const last = await Promise.all(stages.map(({ subject }) => bus.lastOn(streams.events.name, subject({ org, env }))));
  const sizes = last.map((message) => must(message, `"${env}" was activated`).body.byteLength);
  return [Buffer.byteLength(blueprint), ...sizes].map((size) => new Uint8Array(size));
}
