import { addressText } from '../external-address.ts';
import { type Answer, type AnsweredPort, answerAt } from './route-answers.ts';

/**
 * `http.catalog.shop`: port, service and environment of a target; `pay.example.com:443` for an address outside;
 * `denied.403.removed` where nobody answers.
 */
export function upstreamName(anyAnswer: Answer, port: AnsweredPort): string {
  const answer = answerAt(anyAnswer, port);
  if (answer.kind === 'denied') return `denied.${answer.status}.${answer.code}`;
  if (answer.external !== undefined) return addressText(answer.external);
  return `${port.name}.${answer.service}.${answer.env}`;
}

/** Whether a request can be told by its headers. */
export function hasHeaders({ protocol }: AnsweredPort): boolean {
  return protocol === 'http' || protocol === 'grpc';
}
