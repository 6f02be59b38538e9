import { z } from 'zod';
import { initSchema, secretSchema, seedSchema, snapshotSchema, volumeSchema } from './data-schema.ts';
import { probesSchema } from './probe-schema.ts';
import {
  contextValue,
  contractText,
  duration,
  externalAddress,
  headerName,
  name,
  parentName,
  program,
  quantity,
  region,
  run,
  text,
  textMap,
  variables,
} from './schema-words.ts';
import { securitySchema } from './security-schema.ts';

// The one shape of a Blueprint, after desugar.ts has made lists of maps, maps of port numbers, texts of plain numbers.
// What a schema cannot say (defaults that depend on other services, references) is normalised and checked later.

const portsMax = 64; // each is a listener of the router
const volumesMax = 64;
const initMax = 32;
const protocol = z.enum(['http', 'grpc', 'tcp', 'udp']);

export const portSchema = z.strictObject(
  {
    name: name.optional(),
    containerPort: z.number().int().min(1).max(65_535, { error: 'allowed are 1 to 65535' }),
    protocol: protocol.default('http'),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type'
        ? 'expected a port: 8080, "8080:8080" with both sides equal, or { name, containerPort, protocol }'
        : undefined,
  },
);

export const dependencySchema = z.strictObject(
  {
    service: name,
    kind: z.enum(['calls', 'publishes', 'consumes', 'reads', 'writes']).default('calls'),
    port: name.optional(),
    protocol: protocol.optional(),
    propagates: z.boolean().optional(),
    required: z.boolean().default(true),
    contract: contractText.optional(),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type' ? 'expected the name of a service, or { service, kind, port, … }' : undefined,
  },
);

const requests = { cpu: quantity.optional(), memory: quantity.optional(), storage: quantity.optional() };
const resources = z.strictObject({
  ...requests,
  /** Read only where it could not be taken for the three above, which it spells in another way. */
  requests: z.strictObject(requests).optional(),
  limits: z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() }).optional(),
});
const replicas = z.int().min(0).max(100, { error: 'allowed are 0 to 100' });
const args = z.array(z.string());

export const serviceSchema = z.strictObject({
  name,
  id: z
    .string()
    .regex(/^svc-[a-z0-9]+$/, { error: 'an identity is "svc-" and letters or digits' })
    .optional(),
  formerNames: z.array(name).default([]),
  remove: z.boolean().default(false),
  run: run.optional(),
  image: text.optional(),
  command: program.optional(),
  workingDir: text.optional(),
  user: text.optional(),
  security: securitySchema.optional(),
  args: args.default([]),
  ports: z
    .array(portSchema)
    .max(portsMax, { error: `a service has at most ${portsMax} ports` })
    .default([]),
  env: variables.default({}),
  secrets: z.array(secretSchema).default([]),
  resources: resources.default({}),
  replicas: replicas.default(1),
  probes: probesSchema.default({}),
  volumes: z
    .array(volumeSchema)
    .max(volumesMax, { error: `a service has at most ${volumesMax} volumes` })
    .default([]),
  mocks: z
    .strictObject({
      mode: z.enum(['replace', 'sidecar', 'mirror']),
      image: text.optional(),
      run: run.optional(),
      args: args.default([]),
      env: variables.default({}),
    })
    .optional(),
  init: z
    .array(initSchema)
    .max(initMax, { error: `a service has at most ${initMax} steps of init` })
    .default([]),
  contract: z.strictObject({ version: contractText }).optional(),
  expose: z.boolean().default(false),
  stateful: z.boolean().default(false),
  sharing: z
    .strictObject({ inherit: z.enum(['allow', 'deny', 'require']).default('allow') })
    .default({ inherit: 'allow' }),
  dependsOn: z.array(dependencySchema).default([]),
  description: z.string().optional(),
  labels: textMap.default({}),
});
export type WrittenService = z.infer<typeof serviceSchema>;
export type WrittenPort = WrittenService['ports'][number];
export type WrittenDependency = WrittenService['dependsOn'][number];
export type WrittenSecret = WrittenService['secrets'][number];

export const providerSchema = z.strictObject(
  {
    environment: name.optional(),
    external: externalAddress.optional(),
    protocol: protocol.optional(),
    port: name.optional(),
    region: region.optional(),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type'
        ? 'expected the name of an environment, or { external: host:port, protocol, port, region }'
        : undefined,
  },
);
export type WrittenProvider = z.infer<typeof providerSchema>;

const capacityMax = 10_000;
export const poolSchema = z.strictObject(
  {
    environment: name,
    capacity: z
      .int({ abort: true }) // what is no whole number is said once
      .min(1)
      .max(capacityMax, { error: `allowed are 1 to ${capacityMax}` })
      .optional(),
    labels: textMap.optional(),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type'
        ? 'expected the name of an environment, or { environment, capacity, labels }'
        : undefined,
  },
);
export type WrittenPool = z.infer<typeof poolSchema>;

export const routingSchema = z.strictObject({
  mode: z.enum(['isolated', 'baseline', 'overlay']).default('isolated'),
  baselineId: parentName.optional(),
  overlayId: contextValue.optional(),
  headerName: headerName.optional(),
  propagateHeader: z.boolean().default(true),
  track: z.enum(['tracking', 'pinned']).optional(),
  parentMoved: z.enum(['derive', 'preview']).optional(),
  unknown: z.enum(['baseline', 'deny']).optional(),
  front: z.enum(['allow', 'deny']).optional(),
  providers: z.record(name, providerSchema).default({}),
  pools: z.array(poolSchema).default([]),
});
export type WrittenRouting = z.infer<typeof routingSchema>;

/** What a plan says of a service; it is laid over the service before that one is judged. */
export const planServiceSchema = z.strictObject({
  replicas: replicas.optional(),
  resources: resources.optional(),
  env: variables.optional(),
  args: args.optional(),
  image: text.optional(),
});
export const plansSchema = z.record(name, z.strictObject({ services: z.record(name, planServiceSchema).default({}) }));
export type WrittenPlans = z.infer<typeof plansSchema>;

/** Everything but the services, which are judged one by one. */
export const headerSchema = z.strictObject({
  name,
  project: name.optional(),
  description: z.string().optional(),
  labels: textMap.default({}),
  routing: routingSchema.prefault({}),
  plan: name.optional(),
  plans: plansSchema.default({}),
  budget: z
    .strictObject({
      perHour: z.number().min(0, { error: 'expected dollars an hour, at least 0' }).max(1e9, {
        error: 'expected dollars an hour, at most 1000000000',
      }),
    })
    .optional(),
  residency: z.strictObject({ region: region.optional(), allowed: z.array(region).optional() }).optional(),
  ttl: duration.optional(),
  autoShutdownEnabled: z.boolean().optional(),
  autoShutdownDelayMinutes: z.int().min(1).max(527_040, { error: 'allowed are 1 to 527040, a year' }).optional(),
  snapshot: snapshotSchema.optional(),
  seeds: z.array(seedSchema).optional(),
  services: z.array(z.unknown()),
});
export type WrittenHeader = z.infer<typeof headerSchema>;
