/** A host, and perhaps a port, inside of a text. Offsets are those of the text. */
export type Address = {
  readonly host: string;
  readonly hostAt: number;
  readonly port: number | undefined;
  readonly portAt: number | undefined;
  readonly scheme: string | undefined;
  /** `bare`: the whole text is one word, which may be a host or anything else. */
  readonly form: 'url' | 'host and port' | 'named' | 'bare';
};

const hostPattern = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const url = new RegExp(`([A-Za-z][A-Za-z0-9+.-]*)://(?:[^\\s/@,;"']*@)?(${hostPattern})(?::(\\d{1,5})(?!\\d))?`, 'dg');
const hostAndPort = new RegExp(`(?<![A-Za-z0-9._\\-/:$}%])(${hostPattern}):(\\d{1,5})(?![\\w.:-])`, 'dg');
const named = new RegExp(
  `(?:^|[;,&?\\s])(?:host|hostname|server|data source|addr|address|endpoint|broker)\\s*=\\s*(${hostPattern})(?=$|[;,&\\s])`,
  'dgi',
);
const bare = new RegExp(`^\\s*(${hostPattern})\\s*$`, 'd');

/** Everything in a text that can be an address, in the order of the text, none twice. */
export function addressesIn(text: string): Address[] {
  const found: Address[] = [];
  const add = (
    form: Address['form'],
    scheme: string | undefined,
    host?: [number, number],
    port?: [number, number],
  ): void => {
    if (host === undefined) return;
    const [hostAt, hostEnd] = host;
    if (found.some((one) => hostAt < one.hostAt + one.host.length && one.hostAt < hostEnd)) return;
    const number = port === undefined ? undefined : Number(text.slice(...port));
    if (number !== undefined && (number < 1 || number > 65_535)) return;
    found.push({ form, scheme, host: text.slice(hostAt, hostEnd), hostAt, port: number, portAt: port?.[0] });
  };
  for (const { indices, 1: scheme } of text.matchAll(url))
    add('url', scheme?.toLowerCase(), indices?.[2], indices?.[3]);
  for (const { indices } of text.matchAll(hostAndPort)) add('host and port', undefined, indices?.[1], indices?.[2]);
  for (const { indices } of text.matchAll(named)) add('named', undefined, indices?.[1]);
  if (found.length === 0) add('bare', undefined, bare.exec(text)?.indices?.[1]);
  return found.sort((a, b) => a.hostAt - b.hostAt);
}

const schemePorts: Readonly<Record<string, number>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  redis: 6379,
  amqp: 5672,
  mongodb: 27017,
  nats: 4222,
};

/** The port that a URL of the scheme means where it says none. */
export function schemePort(scheme: string | undefined): number | undefined {
  return scheme === undefined ? undefined : schemePorts[scheme];
}

/** Whether a host can only be meant inside of the application: one label, or a name of a cluster. */
export function isInside(host: string): boolean {
  return /^[a-z][a-z0-9_-]*$/i.test(host)
    ? host.toLowerCase() !== 'localhost'
    : /\.svc(\.cluster\.local)?$/i.test(host);
}

/** Whether a host is a domain of the outside world. */
export function isOutside(host: string): boolean {
  return /^(?:[a-z0-9-]+\.)+[a-z]{2,}$/i.test(host) && !isInside(host);
}

const hostWords: ReadonlySet<string> = new Set([
  'host',
  'hostname',
  'hosts',
  'addr',
  'address',
  'server',
  'servers',
  'endpoint',
  'url',
  'uri',
  'broker',
  'brokers',
  'upstream',
  'target',
  'h',
]);

/** Whether a variable or a flag says that a bare word is a host: `DB_HOST`, `--server`. */
export function saysHost(name: string): boolean {
  const parts = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '');
  return hostWords.has(parts.at(-1) ?? '');
}
