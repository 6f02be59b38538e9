import type { Json } from '../canonical-json.ts';
import { addressText } from '../external-address.ts';
import type { Answer, RouteAnswers } from './route-answers.ts';

/** An entry for a registry of services: who answers without a context, with each known one, and with any other. */
export function registryObjects({ env, service, record, ports, ...answers }: RouteAnswers): readonly Json[] {
  return [
    {
      id: `${env}/${service}`,
      env,
      service,
      identity: record.identity,
      tier: record.tier,
      ports: ports.map(({ name, protocol, number }) => ({ name, protocol, number })),
      headerName: answers.headerName,
      answer: plain(answers.own),
      contexts: Object.fromEntries(answers.contexts.map(({ value, answer }) => [value, plain(answer)])),
      unknown: plain(answers.unknown),
    },
  ];
}

function plain(answer: Answer): Json {
  if (answer.kind === 'target' && answer.external !== undefined)
    return { external: addressText(answer.external), port: answer.external.portName };
  if (answer.kind === 'target') return { env: answer.env, service: answer.service };
  return { denied: answer.code, status: answer.status };
}
