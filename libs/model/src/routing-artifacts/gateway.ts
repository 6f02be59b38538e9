import { canonicalJson, type Json } from '../canonical-json.ts';
import { anyContextValue } from './context-patterns.ts';
import type { Answer, AnsweredPort, RouteAnswers } from './route-answers.ts';
import { hasHeaders } from './upstream-name.ts';

/** `HTTPRoute`s of a Gateway `microstax`, one host a port: requests from outside of the cluster. */
export function gatewayObjects(answers: RouteAnswers): readonly Json[] {
  const { env, service } = answers;
  return answers.ports.filter(hasHeaders).map((port) =>
    httpRoute(answers, port, `${service}-${port.name}`, {
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'microstax', name: 'microstax' }],
      hostnames: [`${port.name}.${service}.${env}.msx.internal`],
    }),
  );
}

/** The same for callers in the environment's own namespace only: their parent is the Service that they call. */
export function gatewayConsumerObjects(answers: RouteAnswers): readonly Json[] {
  const { own, env, service } = answers;
  const called = own.kind === 'target' ? own : { env, service };
  return answers.ports.filter(hasHeaders).map((port) =>
    httpRoute(answers, port, `${service}-${port.name}-consumer`, {
      parentRefs: [
        {
          group: '',
          kind: 'Service',
          namespace: called.env,
          name: called.service,
          ...(port.number === null ? {} : { port: port.number }),
        },
      ],
    }),
  );
}

function httpRoute(
  { env, service, headerName, own, contexts, unknown }: RouteAnswers,
  port: AnsweredPort,
  name: string,
  { parentRefs, ...hosts }: { readonly parentRefs: readonly Json[]; readonly hostnames?: readonly string[] },
): Json {
  const rules = [
    ...sameAnswers(contexts).map(([answer, values]) => {
      const headers = values.map((value) => ({ type: 'Exact', name: headerName, value }));
      return rule(answer, port, headers);
    }),
    // Support of regular expressions is a gateway's choice, so only where any other value is answered otherwise.
    ...(canonicalJson(unknown) === canonicalJson(own)
      ? []
      : [rule(unknown, port, [{ type: 'RegularExpression', name: headerName, value: anyContextValue }])]),
    rule(own, port, []), // what matches no rule is refused
  ];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name,
      namespace: env,
      labels: { 'microstax.dev/environment': env, 'microstax.dev/service': service },
    },
    spec: { parentRefs, ...hosts, rules },
  };
}

/** The API allows 16 rules a route and 64 matches a rule, so values with one answer share a rule. */
function sameAnswers(contexts: RouteAnswers['contexts']): readonly (readonly [Answer, readonly string[]])[] {
  const groups = [...Map.groupBy(contexts, ({ answer }) => canonicalJson(answer)).values()];
  return groups.flatMap((group) => {
    const values = group.map(({ value }) => value);
    const [first] = group;
    if (first === undefined) return [];
    const rules = Array.from({ length: Math.ceil(values.length / matchesMax) }, (_, at) =>
      values.slice(at * matchesMax, (at + 1) * matchesMax),
    );
    return rules.map((some) => [first.answer, some] as const);
  });
}

const matchesMax = 64;

/** For any of these headers, or for every request. Without a backend it answers with an error: that is how it denies. */
function rule(answer: Answer, port: AnsweredPort, headers: readonly Json[]): Json {
  const matches =
    headers.length === 0
      ? [{ path: { type: 'PathPrefix', value: '/' } }]
      : headers.map((header) => ({ headers: [header] }));
  const number = answer.kind === 'denied' ? undefined : answer.numbers[port.name];
  if (answer.kind === 'denied' || number === undefined) return { matches };
  const { env: namespace, service: name } = answer;
  return { matches, backendRefs: [{ group: '', kind: 'Service', namespace, name, port: number }] };
}
