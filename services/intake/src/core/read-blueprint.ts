import type { Digest } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import {
  headerSchema,
  routingSchema,
  serviceSchema,
  type WrittenHeader,
  type WrittenRouting,
  type WrittenService,
} from './blueprint-schema.ts';
import { desugar } from './desugar.ts';
import { judgeShape } from './judge-shape.ts';
import type { Limits } from './limits.ts';
import { problemsOf } from './locate.ts';
import { type Located, nodeAt, type Path, plainValue } from './located.ts';
import { type ParsedText, parseBlueprint } from './parse-blueprint.ts';
import { applyPlan } from './plans.ts';
import { findingOf, inOrder, type Problem, type Source } from './problem.ts';

/** Where the Blueprint was submitted: the organisation and environment of its subject. */
export type BlueprintAddress = { readonly org: string; readonly env: string };

/** A service of the Blueprint. `written` is absent where its shape is wrong; its name may be readable all the same. */
export type ReadService = {
  readonly path: Path;
  readonly name: string | undefined;
  readonly written: WrittenService | undefined;
};

/** A Blueprint as far as its own text tells: shapes judged, references not yet. */
export type ReadBlueprint = {
  readonly kind: 'read';
  readonly address: BlueprintAddress;
  readonly source: Source;
  readonly limits: Limits;
  /** Absent where the shape of anything but a service is wrong by more than an unknown key. */
  readonly header: Omit<WrittenHeader, 'services'> | undefined;
  /** Absent where its own shape is wrong: then nobody can say what the parent is. */
  readonly routing: WrittenRouting | undefined;
  /** In the order of the text. */
  readonly services: readonly ReadService[];
  /** What is wrong with text and shapes. */
  readonly findings: readonly Finding[];
  /** The stored revision that it was made from, where it was not written whole. */
  readonly origin?: BlueprintOrigin;
};

/** A stored revision, and what its services are known by. */
export type BlueprintOrigin = {
  /** `from shop@3`, `closure sha256:…`. */
  readonly source: string;
  readonly revision: Digest;
  /** Identities by name. */
  readonly identities: ReadonlyMap<string, string>;
};
export type UnreadableBlueprint = { readonly kind: 'unreadable'; readonly findings: readonly Finding[] };

/** Text → a Blueprint whose shapes are judged, with all findings about them. Asks nobody and never throws. */
export function readBlueprint(
  text: string,
  address: BlueprintAddress,
  limits: Limits,
): ReadBlueprint | UnreadableBlueprint {
  return readParsed(parseBlueprint(text, limits), address, limits);
}

/** The same, of a text whose nodes are known already. */
export function readParsed(
  parsed: ParsedText,
  address: BlueprintAddress,
  limits: Limits,
): ReadBlueprint | UnreadableBlueprint {
  if (parsed.kind === 'unreadable') return { ...parsed, findings: inOrder(parsed.findings, limits.maxFindings) };
  const shaped = desugar(parsed.source.tree);
  const problems: Problem[] = [...shaped.problems];
  const header = readHeader(shaped.tree, problems);
  const routing = readRouting(shaped.tree);
  const planned = header?.plan === undefined ? shaped.tree : applyPlan(shaped.tree, header.plan);
  const source = { ...parsed.source, tree: planned };
  const services = readServices(shaped.tree, planned, limits, problems);
  // Shapes are judged as written: a plan that replaces a value does not excuse it.
  const written = { ...parsed.source, tree: shaped.tree };
  const findings = [...parsed.findings, ...problems.map((problem) => findingOf(problem, written))];
  return { kind: 'read', address, source, limits, header, routing, services, findings };
}

function readHeader(tree: Located, problems: Problem[]): ReadBlueprint['header'] {
  const { issues, data } = judgeShape(headerSchema, plainValue(withEmptyServices(tree)));
  for (const problem of problemsOf(issues, [], tree)) problems.push(problem);
  return data;
}

/** The services are judged one by one, so the header's schema is spared their values. */
function withEmptyServices(tree: Located): Located {
  const services = nodeAt(tree, ['services']);
  if (tree.kind !== 'map' || services?.kind !== 'list') return tree;
  const entry = { keyAt: services.at, node: { ...services, items: [] } };
  return { ...tree, entries: new Map(tree.entries).set('services', entry) };
}

function readRouting(tree: Located): WrittenRouting | undefined {
  const node = nodeAt(tree, ['routing']);
  return judgeShape(routingSchema, node === undefined ? {} : plainValue(node)).data;
}

/** A limit that is passed is the only thing said of the services: the rest is not looked at, so the work is bounded. */
function readServices(tree: Located, planned: Located, limits: Limits, problems: Problem[]): ReadService[] {
  const services = nodeAt(tree, ['services']);
  if (services?.kind !== 'list') return [];
  const passed = passedLimit(services.items, limits);
  if (passed !== undefined) {
    problems.push(passed);
    return [];
  }
  return services.items.map((item, index) => {
    const laidOver = nodeAt(planned, ['services', index]) ?? item;
    return readService({ item, laidOver }, index, tree, problems);
  });
}

function passedLimit(services: readonly Located[], { maxServices, maxEdges }: Limits): Problem | undefined {
  if (services.length > maxServices)
    return {
      code: 'too-many-services',
      path: ['services', maxServices],
      reason: `the Blueprint has ${services.length} services, maxServices is ${maxServices}; the limit is passed here`,
      next: 'divide the environment into a baseline and overlays, or raise maxServices',
    };
  let edges = 0;
  for (const [index, service] of services.entries()) {
    const dependencies = nodeAt(service, ['dependsOn']);
    edges += dependencies?.kind === 'list' ? dependencies.items.length : 0;
    if (edges > maxEdges)
      return {
        code: 'too-many-edges',
        path: ['services', index, 'dependsOn'],
        reason: `the services have more than ${maxEdges} dependencies together (maxEdges); the limit is passed here`,
        next: 'divide the environment into a baseline and overlays, or raise maxEdges',
      };
  }
  return undefined;
}

type Item = { readonly item: Located; readonly laidOver: Located };

function readService({ item, laidOver }: Item, index: number, tree: Located, problems: Problem[]): ReadService {
  const path = ['services', index];
  const name = nodeAt(item, ['name']);
  const { issues, data } = judgeShape(serviceSchema, plainValue(item));
  for (const problem of problemsOf(issues, path, tree)) problems.push(problem);
  return {
    path,
    name: name?.kind === 'scalar' && typeof name.value === 'string' ? name.value : undefined,
    written: data === undefined || laidOver === item ? data : judgeShape(serviceSchema, plainValue(laidOver)).data,
  };
}
