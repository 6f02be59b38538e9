import { sortedBy } from '@microstax/model/compare';
import { defaultOrg } from '@microstax/model/names';
import type { LinkKind, Revision, RoutingSpec, ServiceDeclaration } from '@microstax/model/revision';
import { serviceIdentity } from '@microstax/model/service-identity';
import type { DependencySpec, ServiceSpec } from '@microstax/model/service-spec';

const testProject = 'shop';

export type DependencyDraft = string | (Partial<DependencySpec> & Pick<DependencySpec, 'service'>);

export type ServiceDraft = Partial<Omit<ServiceSpec, 'name' | 'run' | 'dependsOn'>> & {
  /** null: nothing can be run, only inherited. */
  readonly run?: ServiceSpec['run'] | null;
  /** A name is a required http call that carries the context. */
  readonly dependsOn?: readonly DependencyDraft[];
};

export type RevisionDraft = Partial<Omit<Revision, 'env' | 'parent' | 'services' | 'routing'>> & {
  /** A name is a tracking link; with a parent the mode is `overlay`, without one `baseline`. */
  readonly parent?: string | { readonly env: string; readonly link: LinkKind };
  readonly services?: readonly ServiceSpec[];
  /** Services that the overlay takes away. */
  readonly removes?: readonly string[];
  readonly formerNames?: Readonly<Record<string, readonly string[]>>;
  readonly routing?: Partial<RoutingSpec>;
};

/** A normalised service: runnable, one http port 8080 called `http`, all defaults of a Blueprint explicit. */
export function aService(name: string, draft: ServiceDraft = {}): ServiceSpec {
  const { run = { command: ['node', `${name}.mjs`], cwd: '.' }, dependsOn = [], ...rest } = draft;
  return {
    name,
    ...(run === null ? {} : { run }),
    args: [],
    ports: [{ name: 'http', containerPort: 8080, protocol: 'http' }],
    env: {},
    secrets: [],
    resources: { cpuMillicores: 100, memoryBytes: 128 * 1024 ** 2, storageBytes: 0 },
    expose: false,
    stateful: false,
    sharing: 'allow',
    labels: {},
    ...rest,
    dependsOn: sortedBy(dependsOn.map(aDependency), ({ service, kind, port }) => `${service} ${kind} ${port ?? ''}`),
  };
}

/** A normalised revision, its services sorted by name, its context value the environment's name. */
export function aRevision(env: string, draft: RevisionDraft = {}): Revision {
  const { parent, services = [], removes = [], formerNames = {}, routing, ...rest } = draft;
  const org = draft.org ?? defaultOrg;
  const project = draft.project ?? testProject;
  const declarations: ServiceDeclaration[] = [
    ...removes.map((name) => ({ kind: 'remove', name }) as const),
    ...services.map((spec) => {
      const former = Object.hasOwn(formerNames, spec.name) ? (formerNames[spec.name] ?? []) : [];
      const identity = serviceIdentity({ org, project, firstName: former[0] ?? spec.name, ordinal: 1 });
      return { kind: 'run', name: spec.name, identity, formerNames: former, spec } as const;
    }),
  ];
  return {
    org,
    env,
    project,
    mode: parent === undefined ? 'baseline' : 'overlay',
    ...(parent === undefined ? {} : { parent: aLink(parent) }),
    labels: {},
    ...rest,
    services: sortedBy(declarations, ({ name }) => name),
    routing: { ...aRouting(env, parent === undefined), ...routing },
  };
}

function aDependency(draft: DependencyDraft): DependencySpec {
  const given = typeof draft === 'string' ? { service: draft } : draft;
  const kind = given.kind ?? 'calls';
  const protocol = given.protocol ?? 'http';
  return {
    kind,
    ...(kind === 'calls' && protocol === 'http' ? { port: 'http' } : {}),
    protocol,
    propagates: kind === 'calls' && protocol !== 'tcp',
    required: true,
    ...given,
  };
}

function aLink(parent: string | { readonly env: string; readonly link: LinkKind }): Revision['parent'] & {} {
  return typeof parent === 'string' ? { env: parent, link: 'tracking' } : parent;
}

function aRouting(env: string, root: boolean): RoutingSpec {
  const own = { value: env, propagateHeader: true, providers: {}, pools: [] };
  return root ? { ...own, headerName: 'x-msx-env', unknown: 'baseline' } : own;
}
