// Owns: which service calls which, by what evidence, and how the addresses are written so that they go where the graph says.
//
// 1. An edge has evidence with a place. A host that nobody declares becomes no service and no edge.
// 2. Values are never repeated: evidence says host and port only.
// 3. Same drafts, same result: everything is walked in the order of the drafts.
import type { ImportDangling, ImportEdge, ImportEvidence, ImportRemark } from '@microstax/contracts/import-requests';
import { compareText } from '@microstax/model/compare';
import { type Address, addressesIn, isInside, isOutside, saysHost, schemePort } from './addresses.ts';
import type { Draft, DraftPort, DraftVariable, Protocol } from './draft.ts';
import { hintOfName, hintOfScheme, judgeHints } from './protocol-hints.ts';
import type { Sources } from './sources.ts';
import type { WrittenText } from './written-text.ts';

export type LinkedPort = { readonly name: string; readonly containerPort: number; readonly protocol: Protocol };
export type LinkedService = {
  readonly draft: Draft;
  readonly ports: readonly LinkedPort[];
  readonly env: readonly { readonly name: string; readonly value: string; readonly at: number }[];
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly edges: readonly ImportEdge[];
};
export type Linked = {
  readonly services: readonly LinkedService[];
  readonly dangling: readonly ImportDangling[];
  readonly external: readonly ImportDangling[];
  readonly unknown: readonly ImportRemark[];
};

/** A place in a text that is to become `${host…}` or `${port…}`. */
type Spot = {
  readonly text: WrittenText;
  readonly at: number;
  readonly end: number;
  readonly to: Draft;
  readonly port?: number;
};
type Call = {
  readonly from: Draft;
  readonly to: Draft;
  readonly port: number | undefined;
  readonly required: boolean;
  readonly declared: boolean;
  readonly evidence: ImportEvidence;
};
type Said = {
  readonly kind: ImportEvidence['kind'];
  readonly where: string;
  readonly value: WrittenText;
  readonly hostly: boolean;
};

export function link(drafts: readonly Draft[], sources: Sources): Linked {
  return new Linking(drafts, sources).run();
}

class Linking {
  readonly #drafts: readonly Draft[];
  readonly #sources: Sources;
  readonly #hosts = new Map<
    string,
    { readonly draft: Draft; readonly ports: ReadonlyMap<number, number> | undefined } | 'several'
  >();
  readonly #calls = new Map<Draft, Call[]>();
  readonly #spots = new Map<WrittenText, Spot[]>();
  readonly #loose = { dangling: new Map<string, ImportDangling>(), external: new Map<string, ImportDangling>() };
  readonly #unknown: ImportRemark[] = [];

  constructor(drafts: readonly Draft[], sources: Sources) {
    this.#drafts = drafts;
    this.#sources = sources;
    for (const draft of drafts)
      for (const { host, namespace, ports } of draft.hosts) {
        const forms = namespace === undefined ? [host] : [host, ...clusterForms(host, namespace)];
        for (const form of forms) {
          const before = this.#hosts.get(form);
          if (before === undefined) this.#hosts.set(form, { draft, ports });
          else if (before !== 'several' && before.draft !== draft) this.#hosts.set(form, 'several');
        }
      }
  }

  run(): Linked {
    for (const draft of this.#drafts) this.#readDeclared(draft);
    for (const draft of this.#drafts) this.#readTexts(draft);
    const ports = new Map(this.#drafts.map((draft) => [draft, this.#portsOf(draft)]));
    return {
      services: this.#drafts.map((draft) => ({
        draft,
        ports: (ports.get(draft) ?? []).map(({ name, containerPort, protocol }) => ({ name, containerPort, protocol })),
        env: draft.env.map(({ name, value }) => ({ name, value: this.#rewritten(value, ports), at: value.at })),
        command: draft.command?.map((text) => this.#rewritten(text, ports)),
        args: draft.args?.map((text) => this.#rewritten(text, ports)),
        edges: this.#edgesOf(draft, ports),
      })),
      dangling: [...this.#loose.dangling.values()],
      external: [...this.#loose.external.values()],
      unknown: this.#unknown,
    };
  }

  #call(call: Call): void {
    this.#calls.set(call.from, [...(this.#calls.get(call.from) ?? []), call]);
  }

  #spot(spot: Spot): void {
    this.#spots.set(spot.text, [...(this.#spots.get(spot.text) ?? []), spot]);
  }

  #readDeclared(draft: Draft): void {
    for (const { target, at, required, kind } of draft.declared) {
      const evidence: ImportEvidence = { kind, where: kind, at: this.#sources.positionAt(at) };
      const found = this.#hosts.get(target.toLowerCase());
      if (found === undefined || found === 'several') this.#loosely('dangling', draft, target, evidence);
      else if (found.draft !== draft)
        this.#call({ from: draft, to: found.draft, port: undefined, required, declared: true, evidence });
    }
  }

  #readTexts(draft: Draft): void {
    for (const variable of draft.env) {
      const said: Said = {
        kind: 'environment',
        where: variable.name,
        value: variable.value,
        hostly: saysHost(variable.name) || hasPortBeside(variable.name, draft.env),
      };
      this.#readText(draft, said, (to, port) => this.#portsBeside(variable, draft, to, port));
    }
    for (const { envKey, text } of secretTexts(draft))
      this.#readText(draft, { kind: 'environment', where: envKey, value: text, hostly: saysHost(envKey) });
    const words = [...(draft.command ?? []), ...(draft.args ?? [])];
    words.forEach((value, index) => {
      const before = words[index - 1]?.text ?? '';
      const flag = /^--?([A-Za-z][\w.-]*)=/.exec(value.text)?.[1];
      const hostly = /^-{1,2}[A-Za-z]/.test(before) && !before.includes('=') && saysHost(before);
      this.#readText(draft, {
        kind: 'argument',
        where: flag ?? (hostly ? before.replace(/^-+/, '') : `${index}`),
        value,
        hostly,
      });
    });
    for (const { kind, where, value } of draft.mentions)
      this.#readText(draft, { kind, where, value, hostly: saysHost(where) });
  }

  /** `beside` is asked for the ports that other variables give to a host without one. */
  #readText(
    draft: Draft,
    said: Said,
    beside?: (to: Draft, hostPorts: ReadonlyMap<number, number> | undefined) => readonly number[],
  ): void {
    for (const address of addressesIn(said.value.text)) {
      const found = this.#hosts.get(address.host.toLowerCase().replace(/\.$/, ''));
      if (found === undefined) this.#readStranger(draft, address, said);
      else if (found === 'several') this.#remark(draft, said, `"${address.host}" is the name of several services`);
      else if (found.draft !== draft) this.#readCall(draft, found, address, said, beside);
    }
  }

  #readCall(
    draft: Draft,
    { draft: to, ports }: { readonly draft: Draft; readonly ports: ReadonlyMap<number, number> | undefined },
    address: Address,
    said: Said,
    beside?: (to: Draft, hostPorts: ReadonlyMap<number, number> | undefined) => readonly number[],
  ): void {
    if (address.form === 'bare' && !said.hostly) {
      this.#remark(
        draft,
        said,
        `the value is the name of service "${to.name}", and nothing says that it is an address`,
      );
      return;
    }
    const asked = address.port ?? this.#meantPort(to, ports, address);
    const numbers = asked !== undefined ? [asked] : (beside?.(to, ports) ?? []);
    this.#spot({ text: said.value, at: address.hostAt, end: address.hostAt + address.host.length, to });
    for (const number of numbers.length === 0 ? [undefined] : numbers) {
      const containerPort = number === undefined ? undefined : (ports?.get(number) ?? number);
      if (containerPort !== undefined) this.#see(to, containerPort, address, said);
      if (containerPort !== undefined && address.port !== undefined && address.portAt !== undefined)
        this.#spot({
          text: said.value,
          at: address.portAt,
          end: address.portAt + String(address.port).length,
          to,
          port: containerPort,
        });
      this.#call({
        from: draft,
        to,
        port: containerPort,
        required: true,
        declared: false,
        evidence: {
          kind: said.kind,
          where: said.where,
          address: number === undefined ? address.host : `${address.host}:${number}`,
          at: this.#sources.positionAt(said.value.at),
        },
      });
    }
  }

  /** The port of a URL that says none: its scheme's where the service has it, else undefined. */
  #meantPort(to: Draft, ports: ReadonlyMap<number, number> | undefined, { scheme }: Address): number | undefined {
    const usual = schemePort(scheme);
    if (usual === undefined) return undefined;
    const known = ports?.has(usual) || to.ports.some(({ containerPort }) => containerPort === usual);
    // A database that declares no port at all has the usual one; where it declares others, nobody knows.
    return known || (to.ports.length === 0 && ports === undefined) ? usual : undefined;
  }

  #see(to: Draft, containerPort: number, address: Address, said: Said): void {
    const place = this.#sources.positionAt(said.value.at);
    const because = `${place.file}:${place.line}`;
    let port = to.ports.find((one) => one.containerPort === containerPort);
    if (port === undefined) {
      port = { containerPort, name: undefined, at: said.value.at, hints: [], inferred: true };
      to.ports.push(port);
      this.#unknown.push({
        service: to.name,
        field: `ports.${containerPort}`,
        reason: `no declaration says that it listens there, an address at ${because} does: the port was added`,
        at: place,
      });
    }
    port.hints.push(...hintOfScheme(address.scheme, `scheme ${address.scheme} of an address at ${because}`));
    for (const name of said.value.variables)
      if (/port|grpc/i.test(name) && said.value.variables.length < 8) {
        const [hint] = hintOfName(name, `variable ${name} of an address at ${because}`);
        if (hint?.protocol === 'grpc') port.hints.push(hint);
      }
  }

  /** `FLAGD_HOST=flagd` beside `FLAGD_PORT=8013`; `OTEL_COLLECTOR_HOST` beside `OTEL_COLLECTOR_PORT_GRPC`. */
  #portsBeside(
    variable: DraftVariable,
    draft: Draft,
    to: Draft,
    hostPorts: ReadonlyMap<number, number> | undefined,
  ): readonly number[] {
    const stem = stemOf(variable.name);
    if (stem === undefined) return [];
    const numbers: number[] = [];
    for (const { name, value } of draft.env) {
      if (
        !name.startsWith(stem) ||
        !/(^|_)PORT(_|$)/i.test(name.slice(stem.length - 1)) ||
        !/^\d{1,5}$/.test(value.text)
      )
        continue;
      const longer = draft.env.some((other) => {
        const own = stemOf(other.name);
        return own !== undefined && own.length > stem.length && name.startsWith(own);
      });
      const number = Number(value.text);
      const containerPort = hostPorts?.get(number) ?? number;
      const declared = to.ports.find((port) => port.containerPort === containerPort);
      if (
        longer ||
        (declared === undefined && name.slice(stem.length).toUpperCase() !== 'PORT') ||
        number < 1 ||
        number > 65_535
      )
        continue;
      this.#spot({ text: value, at: 0, end: value.text.length, to, port: containerPort });
      declared?.hints.push(...hintOfName(name, `variable ${name} of ${draft.name}`));
      if (!numbers.includes(number)) numbers.push(number);
    }
    return numbers;
  }

  #readStranger(draft: Draft, address: Address, said: Said): void {
    const evidence: ImportEvidence = {
      kind: said.kind,
      where: said.where,
      address: address.port === undefined ? address.host : `${address.host}:${address.port}`,
      at: this.#sources.positionAt(said.value.at),
    };
    if (address.form === 'bare' || address.form === 'named') return;
    if (address.scheme === 'file' || address.scheme === 'unix') return;
    if (isInside(address.host)) this.#loosely('dangling', draft, address.host, evidence);
    else if (isOutside(address.host)) this.#loosely('external', draft, address.host, evidence);
  }

  #loosely(kind: 'dangling' | 'external', draft: Draft, host: string, evidence: ImportEvidence): void {
    const key = `${draft.name} ${host}`;
    const before = this.#loose[kind].get(key);
    this.#loose[kind].set(key, { from: draft.name, host, evidence: [...(before?.evidence ?? []), evidence] });
  }

  #remark(draft: Draft, said: Said, reason: string): void {
    this.#unknown.push({
      service: draft.name,
      field: `${said.kind} ${said.where}`,
      reason,
      at: this.#sources.positionAt(said.value.at),
    });
  }

  #portsOf(draft: Draft): readonly JudgedPort[] {
    const judged = draft.ports.map((port): JudgedPort => {
      const hint = judgeHints(port.hints);
      return { ...port, name: '', protocol: hint?.protocol ?? 'tcp', because: hint?.because ?? null };
    });
    const names = portNames(draft.ports, judged);
    return judged.map((port, index) => ({ ...port, name: names[index] ?? `${port.protocol}-${port.containerPort}` }));
  }

  #edgesOf(draft: Draft, ports: ReadonlyMap<Draft, readonly JudgedPort[]>): ImportEdge[] {
    const calls = this.#calls.get(draft) ?? [];
    const targets = [...new Set(calls.map(({ to }) => to))].sort((a, b) => compareText(a.name, b.name));
    return targets.flatMap((to) => {
      const here = calls.filter((call) => call.to === to);
      const known = [...new Set(here.flatMap(({ port }) => (port === undefined ? [] : [port])))].sort((a, b) => a - b);
      const targetPorts = ports.get(to) ?? [];
      const declared = here.some((call) => call.declared);
      // Whoever declares that it can start without the other says more than an address does.
      const required = declared ? here.some((call) => call.declared && call.required) : true;
      const loose = here.filter(({ port }) => port === undefined);
      const only = targetPorts.length === 1 ? targetPorts[0]?.containerPort : undefined;
      const numbers = known.length > 0 ? known : [only];
      return numbers.map((number): ImportEdge => {
        const port = targetPorts.find(({ containerPort }) => containerPort === number);
        return {
          from: draft.name,
          to: to.name,
          port: port?.name ?? null,
          protocol: port?.protocol ?? 'tcp',
          protocolBecause: port?.because ?? null,
          declared,
          required,
          evidence: [...here.filter((call) => call.port === number && number !== undefined), ...loose].map(
            (call) => call.evidence,
          ),
        };
      });
    });
  }

  #rewritten(text: WrittenText, ports: ReadonlyMap<Draft, readonly JudgedPort[]>): string {
    const spots = [...(this.#spots.get(text) ?? [])].sort((a, b) => b.at - a.at);
    let out = text.text;
    let last = Number.POSITIVE_INFINITY;
    for (const { at, end, to, port } of spots) {
      if (end > last) continue; // the same place, found twice
      last = at;
      const name =
        port === undefined ? undefined : ports.get(to)?.find(({ containerPort }) => containerPort === port)?.name;
      const word =
        port === undefined
          ? `\${host.${to.name}}`
          : name === undefined
            ? out.slice(at, end)
            : `\${port.${to.name}.${name}}`;
      out = out.slice(0, at) + word + out.slice(end);
    }
    return out;
  }
}

type JudgedPort = Omit<DraftPort, 'name'> & {
  readonly name: string;
  readonly protocol: Protocol;
  readonly because: string | null;
};

/** Names as they were written; a port without one is called by its protocol, with its number where that is not enough. */
function portNames(written: readonly DraftPort[], judged: readonly JudgedPort[]): string[] {
  const taken = new Set(written.flatMap(({ name }) => (name === undefined ? [] : [name])));
  return judged.map(({ protocol, containerPort }, index) => {
    const own = written[index]?.name;
    if (own !== undefined) return own;
    const alone =
      judged.filter((other, at) => written[at]?.name === undefined && other.protocol === protocol).length === 1;
    return alone && !taken.has(protocol) ? protocol : `${protocol}-${containerPort}`;
  });
}

function clusterForms(host: string, namespace: string): string[] {
  return [`${host}.${namespace}`, `${host}.${namespace}.svc`, `${host}.${namespace}.svc.cluster.local`];
}

/** `FLAGD_` of `FLAGD_HOST`. */
function stemOf(name: string): string | undefined {
  return /^(.+_)(?:HOST|HOSTNAME|ADDR|ADDRESS|SERVER|ENDPOINT)$/i.exec(name)?.[1];
}

function hasPortBeside(name: string, env: readonly DraftVariable[]): boolean {
  const stem = stemOf(name);
  return stem !== undefined && env.some((other) => other.name.toUpperCase() === `${stem.toUpperCase()}PORT`);
}

/** Values that are kept secret hold addresses too. */
function secretTexts(draft: Draft): readonly { readonly envKey: string; readonly text: WrittenText }[] {
  return draft.secrets.flatMap(({ envKey, value }) => (value === undefined ? [] : [{ envKey, text: value }]));
}
