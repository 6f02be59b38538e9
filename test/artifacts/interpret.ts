import type { Json } from '@microstax/model/canonical-json';
import { readContext } from '@microstax/propagate/context';
import { headerName } from './family.ts';

/** `catalog in shop`, or `denied` with its code: what a format's reader would do with a request. */
export type Said = string;
export type Headers = Readonly<Record<string, string>>;
export const said = (env: string, service: string): Said => `${service} in ${env}`;
export const refused = (code: string): Said => `denied ${code}`;

type Any = Record<string, Json | undefined>;
const many = (value: Json | undefined): Any[] => value as unknown as Any[];

function upstream(name: string): Said {
  if (name.includes(':')) return name;
  const [port = '', service = '', env = ''] = name.split('.');
  return port === 'denied' ? refused(env) : said(env, service);
}

/** nginx: maps that are evaluated when they are asked for; text without regard to case, `~` patterns in their order. */
export function nginx(text: string, variable: string, headers: Headers): Said {
  const maps = new Map<string, { source: string; pairs: [string, string][] }>();
  for (const [, source = '', name = '', body = ''] of text.matchAll(/map (\S+) \$(\S+) \{([\s\S]*?)\}(?=\n)/g))
    maps.set(name, { source, pairs: [...body.matchAll(/\s*("[^"]*"|\S+) ("[^"]*"|[^\s;]+);/g)].map(unquoted) });
  const read = (name: string): string => {
    const found = maps.get(name);
    if (found === undefined) return headers[name.replace('http_', '').replaceAll('_', '-')] ?? '';
    const value = read(found.source.slice(1));
    const plain = found.pairs.find(([key]) => key !== 'default' && key.toLowerCase() === value.toLowerCase());
    if (plain !== undefined) return expand(plain[1], {});
    for (const [key, result] of found.pairs) {
      const match = key.startsWith('~') ? new RegExp(key.slice(1)).exec(value) : null;
      if (match !== null) return expand(result, match.groups ?? {});
    }
    return expand(found.pairs.find(([key]) => key === 'default')?.[1] ?? '', {});
  };
  const expand = (result: string, groups: Readonly<Record<string, string>>): string =>
    result.startsWith('$') ? (groups[result.slice(1)] ?? read(result.slice(1))) : result;
  return upstream(read(variable));
}

function unquoted([, key = '', value = '']: readonly string[]): [string, string] {
  return [key.replaceAll('"', ''), value.replaceAll('"', '')];
}

/** haproxy: each line of the frontend that finds a value sets it; then the map, and `*` for what is not in it. */
export function haproxy(text: string, key: string, headers: Headers): Said {
  let context = '';
  for (const [, header = '', whole = ''] of text.matchAll(/req\.fhdr\((\S+?)\),regsub\("(.*?)","/g)) {
    const match = new RegExp(whole).exec(headers[header] ?? '');
    context = match?.[1] ?? context;
  }
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const map = new Map(lines.map((line) => line.split(' ') as [string, string]));
  return upstream(map.get(`${key}=${context}`) ?? map.get(`${key}=*`) ?? 'denied.0.nothing');
}

/** Envoy: the first route all of whose headers match. */
export function envoy(configurations: Json, name: string, headers: Headers): Said {
  const route = envoyRoute(configurations, name, headers);
  if (route === undefined) return 'no route';
  if (route.route) return upstream(String((route.route as Any).cluster));
  return refused(String(((route.direct_response as Any).body as Any).inline_string));
}

/** Envoy: where the copy of a request goes, if there is one. */
export function envoyCopy(configurations: Json, name: string, headers: Headers): Said | undefined {
  const action = envoyRoute(configurations, name, headers)?.route as Any | undefined;
  const [policy] = many(action?.request_mirror_policies ?? []);
  return policy === undefined ? undefined : upstream(String(policy.cluster));
}

function envoyRoute(configurations: Json, name: string, headers: Headers): Any | undefined {
  const configuration = many(configurations).find((one) => one.name === name);
  return many(many(configuration?.virtual_hosts)[0]?.routes).find((route) =>
    many((route.match as Any).headers ?? []).every((matcher) => {
      const { regex } = (matcher.string_match as { safe_regex: { regex: string } }).safe_regex;
      return new RegExp(`^(?:${regex})$`).test(headers[String(matcher.name)] ?? '');
    }),
  );
}

/** Gateway API: of the rules of one route that match, one with a header goes before one without; then the first. */
export function gateway(list: Json, name: string, headers: Headers): Said {
  const rule = gatewayRule(list, name, headers);
  if (rule === undefined) return 'no route';
  const [backend] = many(rule.backendRefs ?? []);
  return backend === undefined ? 'denied' : said(String(backend.namespace), String(backend.name));
}

/** Gateway API: where the copy of a request goes, if there is one. */
export function gatewayCopy(list: Json, name: string, headers: Headers): Said | undefined {
  const [filter] = many(gatewayRule(list, name, headers)?.filters ?? []);
  const backend = (filter?.requestMirror as Any | undefined)?.backendRef as Any | undefined;
  return backend === undefined ? undefined : said(String(backend.namespace), String(backend.name));
}

function gatewayRule(list: Json, name: string, headers: Headers): Any | undefined {
  const isSent = ({ type, name: header, value }: Any): boolean => {
    const sent = headers[String(header).toLowerCase()];
    if (sent === undefined) return false;
    return type === 'Exact' ? sent === value : new RegExp(`^(?:${String(value)})$`).test(sent);
  };
  const route = many((list as Any).items).find(({ metadata }) => (metadata as Any).name === name);
  const matching = many((route?.spec as Any | undefined)?.rules).filter(({ matches }) =>
    many(matches).some((one) => many(one.headers ?? []).every(isSent)),
  );
  return matching.find((one) => many(one.matches)[0]?.headers !== undefined) ?? matching[0];
}

/** A cluster: what the name of the service leads to in the namespace, and whether the policy lets the caller there. */
export function kubernetes(list: Json, env: string, name: string): Said {
  const objects = many((list as Any).items).filter(({ metadata }) => (metadata as Any).namespace === env);
  const service = objects.find((one) => one.kind === 'Service' && (one.metadata as Any).name === name);
  if (service === undefined) return said(env, name);
  const { externalName, ports } = service.spec as Any;
  const [port] = many(ports ?? []);
  const isOpen = (to: string): boolean =>
    objects.some((one) => one.kind === 'NetworkPolicy' && JSON.stringify((one.spec as Any).egress) === to);
  const opened = { port: port?.port, protocol: 'TCP' };
  if (externalName !== undefined && !String(externalName).endsWith('.svc.cluster.local'))
    return isOpen(JSON.stringify([{ ports: [opened] }])) ? `${String(externalName)}:${String(port?.port)}` : 'closed';
  const slice = objects.find((one) => ((one.metadata as Any).labels as Any)['kubernetes.io/service-name'] === name);
  if (slice !== undefined) {
    const host = String(many(many(slice.endpoints)[0]?.addresses)[0]);
    const to = [{ ipBlock: { cidr: `${host}/32` } }];
    return isOpen(JSON.stringify([{ to, ports: [opened] }])) ? `${host}:${String(port?.port)}` : 'closed';
  }
  if (externalName === undefined)
    return refused(String(((service.metadata as Any).annotations as Any)['microstax.dev/denied']));
  const [target = '', namespace = ''] = String(externalName).split('.');
  const open = objects.some((one) => {
    if (one.kind !== 'NetworkPolicy') return false;
    const text = JSON.stringify((one.spec as Any).egress);
    return text.includes(`name":"${namespace}"`) && text.includes(`service":"${target}"`);
  });
  return open ? said(namespace, target) : 'closed';
}

/** CoreDNS: names lead on, or do not exist. */
export function coredns(text: string, env: string, name: string): Said {
  const asked = `${name}.${env}.svc.cluster.local`;
  if (text.includes(`template IN ANY ${asked} {\n  rcode NXDOMAIN\n}`)) return 'denied';
  const literal = new RegExp(
    `template IN A ${asked.replaceAll('.', '\\.')} \\{\\n  answer "\\{\\{ \\.Name \\}\\} 60 IN A (\\S+)"`,
  ).exec(text);
  if (literal !== null) return literal[1] ?? '';
  const line = text.split('\n').find((one) => one.startsWith(`rewrite stop name exact ${asked} `));
  const leadsTo = line?.split(' ')[5] ?? asked;
  if (!leadsTo.endsWith('.svc.cluster.local')) return leadsTo;
  const [service = '', namespace = ''] = leadsTo.split('.');
  return said(namespace, service);
}

/** A registry's client that reads contexts as `libs/propagate` does. */
export function registry(entries: Json, env: string, name: string, headers: Headers): Said {
  const entry = many(entries).find(({ id }) => id === `${env}/${name}`);
  const context = readContext(headers, { headerName }).env;
  const contexts = (entry?.contexts ?? {}) as Any;
  const answer =
    context === undefined ? entry?.answer : Object.hasOwn(contexts, context) ? contexts[context] : entry?.unknown;
  const { denied, env: target, service, external } = (answer ?? {}) as Any;
  if (external !== undefined) return String(external);
  return denied === undefined ? said(String(target), String(service)) : refused(String(denied));
}
