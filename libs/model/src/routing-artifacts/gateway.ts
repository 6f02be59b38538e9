import { canonicalJson, type Json } from '../canonical-json.ts';
import { contextValueUnbounded } from './context-patterns.ts';
import type { Answer, AnsweredPort, RouteAnswers, Target } from './route-answers.ts';
import { hasHeaders } from './upstream-name.ts';

/** `HTTPRoute`s of a Gateway `microstax`, one host a port: requests from outside of the cluster. */
export function gatewayObjects(answers: RouteAnswers): readonly Json[] {
  const { env, service } = answers;
  return answers.ports.filter(hasHeaders).flatMap((port) =>
    httpRoutes(answers, port, `${service}-${port.name}`, {
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'microstax', name: 'microstax' }],
      hostnames: [`${port.name}.${service}.${env}.msx.internal`],
    }),
  );
}

/** The same for callers in the environment's own namespace only: their parent is the Service that they call. */
export function gatewayConsumerObjects(answers: RouteAnswers): readonly Json[] {
  const { own, env, service } = answers;
  const called = own.kind === 'target' ? own : { env, service };
  return answers.ports.filter(hasHeaders).flatMap((port) =>
    httpRoutes(answers, port, `${service}-${port.name}-consumer`, {
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

/**
 * The API allows 16 rules a route. Where more contexts are told apart, further routes hold the rest: a rule with a header
 * counts more than the catch-all of the first. Not so where any other value is matched too, because between routes their
 * age decides; whoever writes such a route is told by `hasTooManyRules`.
 */
function httpRoutes(
  answers: RouteAnswers,
  port: AnsweredPort,
  name: string,
  { parentRefs, ...hosts }: { readonly parentRefs: readonly Json[]; readonly hostnames?: readonly string[] },
): readonly Json[] {
  const { env, service, headerName, own, unknown } = answers;
  const known = sameAnswers(answers.contexts).map(({ answer, mirror, values }) => {
    const headers = values.map((value) => ({ type: 'Exact', name: headerName, value }));
    return rule({ answer, mirror, port, headers });
  });
  // Support of regular expressions is a gateway's choice, so only where any other value is answered otherwise. Some look
  // for the expression anywhere in the value, hence its ends.
  const any = { type: 'RegularExpression', name: headerName, value: `^${contextValueUnbounded}$` };
  const others =
    canonicalJson(unknown) === canonicalJson(own)
      ? []
      : [rule({ answer: unknown, mirror: answers.unknownMirror, port, headers: [any] })];
  const last = rule({ answer: own, mirror: answers.mirror, port, headers: [] }); // what matches no rule is refused
  const routes = others.length > 0 ? [known] : chunks(known);
  const [first = [], ...more] = routes;
  return [[...first, ...others, last], ...more].map((rules, at) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name: at === 0 ? name : `${name}-${at + 1}`,
      namespace: env,
      labels: { 'microstax.dev/environment': env, 'microstax.dev/service': service },
    },
    spec: { parentRefs, ...hosts, rules },
  }));
}

const rulesMax = 16;
const matchesMax = 64;
const matchesOfRouteMax = 127;

/** Whether an object is a route with more rules, or more matches in all of them, than the API takes. */
export function hasTooManyRules(route: Json): boolean {
  const { kind, spec } = route as { readonly kind?: string; readonly spec?: { readonly rules?: readonly Rule[] } };
  const rules = spec?.rules ?? [];
  return kind === 'HTTPRoute' && (rules.length > rulesMax || matchesIn(rules) > matchesOfRouteMax);
}

type Rule = Readonly<Record<string, Json>> & { readonly matches: readonly Json[] };

function matchesIn(rules: readonly Rule[]): number {
  return rules.reduce((sum, { matches }) => sum + matches.length, 0);
}

/** So many that each route has room for the catch-all. */
function chunks(rules: readonly Rule[]): readonly (readonly Rule[])[] {
  const routes: Rule[][] = [];
  for (const one of rules) {
    const room = routes.at(-1);
    if (room !== undefined && room.length < rulesMax - 1 && matchesIn([...room, one]) < matchesOfRouteMax)
      room.push(one);
    else routes.push([one]);
  }
  return routes;
}

type Copied = { readonly answer: Answer; readonly mirror: Target | null };
type Group = Copied & { readonly values: readonly string[] };

/** Values with one answer share a rule, 64 of them at most. */
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

/** For any of these headers, or for every request. Without a backend it answers with an error: that is how it denies. */
function rule({
  answer,
  mirror,
  port,
  headers,
}: Copied & { readonly port: AnsweredPort; readonly headers: readonly Json[] }): Rule {
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
