import { type Endpoint, endpoint } from '@microstax/bus/bus';
import { type ImportReply, importCompose, importKubernetes } from '@microstax/contracts/import-requests';
import type { Log } from '@microstax/service/log';
import { composeBlueprint } from '../core/import/import-compose.ts';
import { kubernetesBlueprint } from '../core/import/import-kubernetes.ts';
import { importWasAnswered } from '../events.ts';

/** Answers imports. Nothing is stored and nothing is said of what the files hold: they may hold secrets. */
export function importAnswers(log: Log): Endpoint[] {
  const answered = (source: string, org: string, reply: ImportReply): ImportReply => {
    importWasAnswered(log, { org, source, reply });
    return reply;
  };
  return [
    endpoint(importCompose, async (request, { org }) => answered('compose', org, composeBlueprint(request))),
    endpoint(importKubernetes, async (request, { org }) => answered('kubernetes', org, kubernetesBlueprint(request))),
  ];
}
