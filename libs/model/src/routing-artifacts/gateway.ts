import { canonicalJson, type Json } from '../canonical-json.ts';
import { contextValueUnbounded } from './context-patterns.ts';
import type { Answer, AnsweredPort, RouteAnswers, Target } from './route-answers.ts';
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
  answers: RouteAnswers,
  port: AnsweredPort,
  name: string,
  { parentRefs, ...hosts }: { readonly parentRefs: readonly Json[]; readonly hostnames?: readonly string[] },
): Json {
  const { env, service, headerName, own, unknown } = answers;
  const rules = [
    ...sameAnswers(answers.contexts).map(({ answer, mirror, values }) => {
      const headers = values.map((value) => ({ type: 'Exact', name: headerName, value }));
      return rule({ answer, mirror, port, headers });
    }),
    // Support of regular expressions is a gateway's choice, so only where any other value is answered otherwise. Some look
    // for the expression anywhere in the value, hence its ends.
    ...(canonicalJson(unknown) === canonicalJson(own)
      ? []
      : [
          rule({
            answer: unknown,
            mirror: answers.unknownMirror,
            port,
            headers: [{ type: 'RegularExpression', name: headerName, value: `^${contextValueUnbounded}$` }],
          }),
        ]),
    rule({ answer: own, mirror: answers.mirror, port, headers: [] }), // what matches no rule is refused
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

type Copied = { readonly answer: Answer; readonly mirror: Target | null };
type Group = Copied & { readonly values: readonly string[] };

/** The API allows 16 rules a route and 64 matches a rule, so values with one answer share a rule. */
function sameAnswers(contexts: RouteAnswers['contexts']): readonly Group[] {
  const groups = [...Map.groupBy(contexts, ({ answer, mirror }) => canonicalJson([answer, mirror])).values()];
  return groups.flatMap((group): readonly Group[] => {
    const [first] = group;
    if (first === undefined) return [];
    const values = group.map(({ value }) => value);
    return Array.from({ length: Math.ceil(values.length / matchesMax) }, (_, at) => {
      const some = values.slice(at * matchesMax, (at + 1) * matchesMax);
      return { answer: first.answer, mirror: first.mirror, values: some };
    });
  });
}

const matchesMax = 64;

/** For any of these headers, or for every request. Without a backend it answers with an error: that is how it denies. */
function rule({
  answer,
  mirror,
  port,
  headers,
}: Copied & { readonly port: AnsweredPort; readonly headers: readonly Json[] }): Json {
  const matches =
    headers.length === 0
      ? [{ path: { type: 'PathPrefix', value: '/' } }]
      : headers.map((header) => ({ headers: [header] }));
  const backend = answer.kind === 'denied' ? null : backendRef(answer, port);
  if (backend === null) return { matches };
  const copied = mirror === null ? null : backendRef(mirror, port);
  const filters = copied === null ? [] : [{ type: 'RequestMirror', requestMirror: { backendRef: copied } }];
  return { matches, ...(filters.length === 0 ? {} : { filters }), backendRefs: [backend] };
}

function backendRef({ env: namespace, service: name, numbers }: Target, port: AnsweredPort): Json | null {
  const number = numbers[port.name];
  return number === undefined ? null : { group: '', kind: 'Service', namespace, name, port: number };
}
