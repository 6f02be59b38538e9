import type { Json } from '../canonical-json.ts';
import { type Carrier, contextCarriers, contextValueUnbounded, literalValue } from './context-patterns.ts';
import { type Answer, type AnsweredPort, answerAt, type RouteAnswers, type Target } from './route-answers.ts';
import { hasHeaders, upstreamName } from './upstream-name.ts';

/** One `RouteConfiguration` of Envoy a port, for a listener of its own: the first route that matches counts. */
export function envoyObjects({ env, service, headerName, ports, ...answers }: RouteAnswers): readonly Json[] {
  return ports.filter(hasHeaders).map((port): Json => {
    const byContext = contextCarriers(headerName).flatMap((carrier) => [
      ...answers.contexts.map(({ value, answer, mirror }) =>
        route(answer, mirror, port, [match(carrier, literalValue(value))]),
      ),
      route(answers.unknown, answers.unknownMirror, port, [match(carrier, contextValueUnbounded)]),
    ]);
    const routes = [...byContext, route(answers.own, answers.mirror, port, [])];
    const name = `${env}.${service}.${port.name}`;
    return { name, virtual_hosts: [{ name, domains: ['*'], routes }] };
  });
}

function route(anyAnswer: Answer, mirror: Target | null, port: AnsweredPort, headers: readonly Json[]): Json {
  const answer = answerAt(anyAnswer, port);
  const where = { prefix: '/', ...(headers.length > 0 ? { headers } : {}) };
  if (answer.kind === 'denied')
    return { match: where, direct_response: { status: answer.status, body: { inline_string: answer.code } } };
  const copied = mirror === null ? {} : { request_mirror_policies: [{ cluster: upstreamName(mirror, port) }] };
  return { match: where, route: { cluster: upstreamName(answer, port), ...copied } };
}

function match({ header, pattern }: Carrier, value: string): Json {
  return { name: header, string_match: { safe_regex: { regex: pattern(value) } } };
}
