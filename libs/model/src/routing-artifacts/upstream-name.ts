import type { Answer, AnsweredPort } from './route-answers.ts';

/** `http.catalog.shop`: port, service and environment of a target; `denied.403.removed` where nobody answers. */
export function upstreamName(answer: Answer, port: AnsweredPort): string {
  if (answer.kind === 'denied') return `denied.${answer.status}.${answer.code}`;
  return `${port.name}.${answer.service}.${answer.env}`;
}

/** Whether a request can be told by its headers. */
export function hasHeaders({ protocol }: AnsweredPort): boolean {
  return protocol === 'http' || protocol === 'grpc';
}
