// Owns: files → one Compose application: variables filled in, `include` and `extends` followed, files merged.
// Does not own: what a service of it means (compose-service.ts).
//
// 1. No file is read here: what is named and not given is asked for by path, all at once.
// 2. Variables come from the env files that were given, from nothing else.
import type { ImportComposeRequest, ImportFile } from '@microstax/contracts/import-requests';
import type { Located, LocatedEntry, LocatedMap } from '../located.ts';
import { quote } from '../quote.ts';
import type { Complaints } from './complaints.ts';
import { mergeMaps, untagged } from './compose-merge.ts';
import { normalService } from './compose-normal.ts';
import { readEnvFile } from './env-file.ts';
import { interpolate, type Variables } from './interpolate.ts';
import { asList, asText, child, isNothing } from './nodes.ts';
import { folderOf, joinPath, normalPath } from './paths.ts';
import { readTrees } from './read-tree.ts';
import type { Sources } from './sources.ts';
import { filledScalar, type WrittenText } from './written-text.ts';

const filesDeepMax = 16; // include and extends inside of each other
const includesMax = 1_000; // of all files together: two files that include each other twice would have no end

export type ComposeApplication = {
  readonly name: string | undefined;
  /** Every top-level section but `services`, merged. */
  readonly sections: ReadonlyMap<string, LocatedMap>;
  readonly services: ReadonlyMap<string, LocatedMap>;
  readonly variables: Variables;
};
export type ComposeContext = { readonly sources: Sources; readonly complaints: Complaints };

export class ComposeLoader {
  readonly #request: ImportComposeRequest;
  readonly #context: ComposeContext;
  readonly #given: ReadonlyMap<string, ImportFile>;
  readonly #absent: ReadonlySet<string>;
  readonly #wanted = new Set<string>();
  readonly #root: string;
  #included = 0;
  readonly #trees = new Map<string, LocatedMap | undefined>();

  constructor(request: ImportComposeRequest, context: ComposeContext) {
    this.#request = request;
    this.#context = context;
    const files = [...(request.others ?? []), ...request.envFiles, ...request.files];
    this.#given = new Map(files.map((file) => [normalPath(file.path), file]));
    this.#root = folderOf(normalPath(request.files[0]?.path ?? ''));
    this.#absent = new Set((request.absent ?? []).map(normalPath));
  }

  load(): ComposeApplication {
    const variables = this.#variables(this.#request.envFiles, { get: () => undefined });
    return this.#project(
      this.#request.files.map(({ path }) => normalPath(path)),
      { folder: this.#root, variables, depth: 0 },
    );
  }

  /** Paths that were named and not given. */
  wanted(): readonly string[] {
    return [...this.#wanted].sort();
  }

  /** The variables of a service's env file; undefined where it is not there. */
  envFileOf(
    path: string,
    variables: Variables,
    named: { at: number; path: string; required: boolean },
  ): ReadonlyMap<string, WrittenText> | undefined {
    const file = this.#file(path, named);
    return file === undefined ? undefined : readEnvFile(file, variables, this.#context);
  }

  #variables(files: readonly ImportFile[], under: Variables): Variables {
    const all = new Map<string, WrittenText>();
    for (const file of files) {
      const known: Variables = { get: (name) => all.get(name) ?? under.get(name) };
      for (const [name, value] of readEnvFile(file, known, this.#context)) all.set(name, value);
    }
    return { get: (name) => all.get(name) ?? under.get(name) };
  }

  #project(paths: readonly string[], about: Where): ComposeApplication {
    let whole: LocatedMap = { kind: 'map', at: 0, entries: new Map() };
    const services = new Map<string, LocatedMap>();
    const included: ComposeApplication[] = [];
    for (const path of paths) {
      const tree = this.#tree(path, about.variables);
      if (tree === undefined) continue;
      const own = new Map([...tree.entries].filter(([key]) => key !== 'services' && key !== 'include'));
      whole = mergeMaps(whole, { ...tree, entries: own });
      included.push(...this.#includes(tree, path, about));
      for (const [name, service] of this.#servicesOf(tree, path, about)) {
        const before = services.get(name);
        services.set(
          name,
          before === undefined
            ? (untagged(service, ['services', name]) as LocatedMap)
            : mergeMaps(before, service, ['services', name]),
        );
      }
    }
    const sections = new Map<string, LocatedMap>();
    for (const [key, { node, keyAt }] of whole.entries)
      if (node.kind === 'map') sections.set(key, node);
      else if (sectionKeys.has(key) && !isNothing(node)) this.#complain('wrong-type', key, keyAt, 'expected a map');
    for (const application of included) this.#take(application, { services, sections });
    return {
      name: asText(whole.entries.get('name')?.node, 'name', this.#context),
      sections,
      services,
      variables: about.variables,
    };
  }

  #take(
    application: ComposeApplication,
    into: { services: Map<string, LocatedMap>; sections: Map<string, LocatedMap> },
  ): void {
    for (const [name, service] of application.services) {
      if (into.services.has(name))
        this.#complain(
          'include-conflict',
          `services.${name}`,
          service.at,
          `included service ${quote(name)} is declared by the including file too`,
          'rename one of them, or override it in a file of its own',
        );
      else into.services.set(name, service);
    }
    for (const [key, section] of application.sections) {
      const own = into.sections.get(key);
      into.sections.set(key, own === undefined ? section : mergeMaps(section, own));
    }
  }

  #includes(tree: LocatedMap, path: string, about: Where): ComposeApplication[] {
    return asList(tree.entries.get('include')?.node, 'include', this.#context).flatMap((item, index) => {
      const where = `include.${index}`;
      const named = item.kind === 'map' ? (child(item, 'path') ?? item) : item;
      const paths = named.kind === 'list' ? named.items : [named];
      const texts = paths.flatMap((one) => {
        const text = asText(one, where, this.#context);
        return text === undefined ? [] : [joinPath(folderOf(path), text)];
      });
      if (about.depth >= filesDeepMax || ++this.#included > includesMax) {
        this.#complain(
          'include-too-deep',
          where,
          item.at,
          `files include each other deeper than ${filesDeepMax}, or more than ${includesMax} times`,
          'look for a file that includes itself',
        );
        return [];
      }
      const envNode = child(item, 'env_file');
      const envPaths = envNode === undefined ? [] : envNode.kind === 'list' ? envNode.items : [envNode];
      const envFiles = envPaths.flatMap((one) => {
        const text = asText(one, `${where}.env_file`, this.#context);
        const file =
          text === undefined
            ? undefined
            : this.#file(joinPath(folderOf(path), text), { at: one.at, path: where, required: true });
        return file === undefined ? [] : [file];
      });
      const missing = texts.filter(
        (one) => this.#file(one, { at: item.at, path: where, required: true }) === undefined,
      );
      if (missing.length > 0 || texts.length === 0) return [];
      const own = this.#variables(envFiles, about.variables);
      const variables: Variables = { get: (name) => about.variables.get(name) ?? own.get(name) };
      const folder = folderOf(texts[0] ?? '');
      return [this.#project(texts, { folder, variables, depth: about.depth + 1 })];
    });
  }

  #servicesOf(tree: LocatedMap, path: string, about: Where): (readonly [string, LocatedMap])[] {
    const node = tree.entries.get('services')?.node;
    if (node === undefined || isNothing(node)) return [];
    if (node.kind !== 'map') {
      this.#complain('wrong-type', 'services', node.at, 'expected a map of services');
      return [];
    }
    return [...node.entries].flatMap(([name, entry]) => {
      if (name.startsWith('x-')) return [];
      const service = this.#extended(name, { path, file: tree, about, folder: about.folder, chain: [] });
      if (service === undefined) return [];
      return [[name, { ...service, at: entry.keyAt }] as const];
    });
  }

  /** A service of one file with everything that it extends beneath it. */
  #extended(name: string, scene: ExtendScene): LocatedMap | undefined {
    const { path, file, chain } = scene;
    const where = `services.${name}`;
    const written = child(child(file, 'services'), name);
    if (written === undefined) return undefined;
    if (isNothing(written)) return { kind: 'map', at: written.at, entries: new Map() };
    if (written.kind !== 'map') {
      this.#complain('wrong-type', where, written.at, 'expected a map: a service with image, ports, environment, …');
      return undefined;
    }
    const service = normalService(this.#rooted(written, scene.folder));
    const extended = service.entries.get('extends')?.node;
    if (extended === undefined) return service;
    const rest: LocatedMap = {
      ...service,
      entries: new Map([...service.entries].filter(([key]) => key !== 'extends')),
    };
    const base = this.#base(extended, where, { ...scene, chain: [...chain, `${path} ${name}`] });
    // What is wrong with an extension is said already; half a service would be wrong in other ways.
    return base === undefined ? undefined : mergeMaps(base, rest, ['services', name]);
  }

  #base(node: Located, where: string, { path, file, about, chain, folder }: ExtendScene): LocatedMap | undefined {
    const name = asText(child(node, 'service'), `${where}.extends.service`, this.#context);
    if (name === undefined) {
      this.#complain(
        'missing-key',
        `${where}.extends`,
        node.at,
        '"service" is missing: the name of the service that is extended',
      );
      return undefined;
    }
    const fileText = asText(child(node, 'file'), `${where}.extends.file`, this.#context);
    const other = fileText === undefined ? path : joinPath(folderOf(path), fileText);
    if (chain.includes(`${other} ${name}`) || chain.length > filesDeepMax) {
      this.#complain(
        'extends-cycle',
        `${where}.extends`,
        node.at,
        `services extend each other: ${quote(name)} is met again`,
        'let one of them stand alone',
      );
      return undefined;
    }
    if (
      other !== path &&
      this.#file(other, { at: node.at, path: `${where}.extends.file`, required: true }) === undefined
    )
      return undefined;
    const tree = other === path ? file : this.#tree(other, about.variables);
    if (tree === undefined) return undefined;
    if (child(child(tree, 'services'), name) === undefined) {
      this.#complain(
        'extends-nothing',
        `${where}.extends.service`,
        child(node, 'service')?.at ?? node.at,
        `${quote(other)} declares no service ${quote(name)}`,
      );
      return undefined;
    }
    return this.#extended(name, {
      path: other,
      file: tree,
      about,
      chain,
      folder: other === path ? folder : folderOf(other),
    });
  }

  /** Relative sources of mounts as the project's folder means them, env files by their whole path. */
  #rooted(service: LocatedMap, from: string): LocatedMap {
    const root = this.#root;
    const folder = root !== '' && from.startsWith(`${root}/`) ? from.slice(root.length + 1) : from;
    const entries = new Map<string, LocatedEntry>(service.entries);
    const move = (key: string, into: string): void => {
      const entry = entries.get(key);
      if (entry !== undefined) entries.set(key, { ...entry, node: this.#moved(entry.node, into, key) });
    };
    move('env_file', from); // read here, so by its whole path
    if (from !== root) move('volumes', folder);
    return { ...service, entries };
  }

  #moved(node: Located, folder: string, key: string): Located {
    if (node.kind === 'list') return { ...node, items: node.items.map((item) => this.#moved(item, folder, key)) };
    if (node.kind === 'map') {
      const source = node.entries.get(key === 'volumes' ? 'source' : 'path');
      if (source === undefined) return node;
      return {
        ...node,
        entries: new Map(node.entries).set(key === 'volumes' ? 'source' : 'path', {
          ...source,
          node: this.#moved(source.node, folder, key),
        }),
      };
    }
    const relative = key === 'env_file' ? !node.source.startsWith('/') : /^\.{1,2}\//.test(node.source);
    if (!relative || node.value === null) return node;
    const [path = '', ...rest] = key === 'volumes' ? node.source.split(':') : [node.source];
    const moved = joinPath(folder, path);
    const source = [
      key === 'volumes' && !moved.startsWith('.') && !moved.startsWith('/') ? `./${moved}` : moved,
      ...rest,
    ].join(':');
    return { ...node, value: source, source };
  }

  #tree(path: string, variables: Variables): LocatedMap | undefined {
    if (this.#trees.has(path)) return this.#trees.get(path);
    const file = this.#given.get(path);
    if (file === undefined) return undefined;
    const documents = readTrees(file, this.#context.sources, this.#context.complaints);
    let whole: LocatedMap | undefined;
    for (const document of documents) {
      if (document.kind !== 'map') {
        this.#complain('wrong-type', file.path, document.at, 'expected a map: a Compose file with services');
        continue;
      }
      if (document.entries.has('apiVersion') && document.entries.has('kind')) {
        this.#complain(
          'other-format',
          file.path,
          document.at,
          'this is a Kubernetes manifest, not a Compose file',
          `msx import kubernetes ${file.path}`,
        );
        continue;
      }
      const filled = this.#filled(document, variables, file.path) as LocatedMap;
      whole = whole === undefined ? filled : mergeMaps(whole, filled);
    }
    this.#trees.set(path, whole);
    return whole;
  }

  #filled(node: Located, variables: Variables, path: string): Located {
    if (node.kind === 'list')
      return { ...node, items: node.items.map((item, index) => this.#filled(item, variables, `${path}.${index}`)) };
    if (node.kind === 'map') {
      const entries = new Map<string, LocatedEntry>();
      for (const [key, entry] of node.entries)
        entries.set(
          key,
          key.startsWith('x-') && !path.includes('.')
            ? entry
            : { ...entry, node: this.#filled(entry.node, variables, `${path}.${key}`) },
        );
      return { ...node, entries };
    }
    if (typeof node.value !== 'string' || !node.value.includes('$')) return node;
    const written = interpolate({ text: node.value, at: node.at, variables: [] }, variables, {
      path: withoutFile(path),
      complaints: this.#context.complaints,
    });
    return filledScalar(node, written);
  }

  /** A file that was named; asked for where it is not given, complained of where it is not there. */
  #file(path: string, named: { at: number; path: string; required: boolean }): ImportFile | undefined {
    const normal = normalPath(path);
    const file = this.#given.get(normal);
    if (file !== undefined) return file;
    if (!this.#absent.has(normal)) this.#wanted.add(normal);
    else if (named.required) this.#complain('missing-file', named.path, named.at, `there is no file ${quote(normal)}`);
    return undefined;
  }

  #complain(code: string, path: string, at: number, reason: string, next?: string): void {
    this.#context.complaints.add({ code, path, at, reason, ...(next === undefined ? {} : { next }) });
  }
}

const sectionKeys: ReadonlySet<string> = new Set(['volumes', 'networks', 'secrets', 'configs']);

type Where = { readonly folder: string; readonly variables: Variables; readonly depth: number };
type ExtendScene = {
  readonly path: string;
  readonly file: LocatedMap;
  readonly about: Where;
  /** What relative paths of the service begin at. */
  readonly folder: string;
  readonly chain: readonly string[];
};

/** `compose.yaml.services.web` as `services.web`. */
function withoutFile(path: string): string {
  const start = path.search(/\.(services|volumes|networks|secrets|configs|include|name)(\.|$)/);
  return start === -1 ? path : path.slice(start + 1);
}
