import { z } from 'zod';

// The one shape of a Blueprint, after desugar.ts has made lists of maps, maps of port numbers, texts of plain numbers.
// What a schema cannot say (defaults that depend on other services, references) is normalised and checked later.

/** DNS-safe, and one token of a subject. */
const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, {
  error: 'allowed are 1 to 40 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
});
const contextValue = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, {
  error: 'allowed are 1 to 80 of A-Z, a-z, 0-9, ".", "_" and "-", beginning with a letter or digit',
});
const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'allowed are 1 to 64 of A-Z, a-z, 0-9 and "-"' });
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/, {
  error: 'a variable is up to 256 of A-Z, a-z, 0-9, "_", "." and "-", beginning with a letter or "_"',
});
const quantity = z.union([z.string(), z.number()], { error: 'expected a quantity such as "250m", 1 or "128Mi"' });
const labels = z.record(z.string(), z.string());
const portsMax = 64; // each is a listener of the router
const protocol = z.enum(['http', 'grpc', 'tcp']);

const port = z.strictObject(
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

const dependency = z.strictObject(
  {
    service: name,
    kind: z.enum(['calls', 'publishes', 'consumes', 'reads', 'writes']).default('calls'),
    port: name.optional(),
    protocol: protocol.optional(),
    propagates: z.boolean().optional(),
    required: z.boolean().default(true),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type' ? 'expected the name of a service, or { service, kind, port, … }' : undefined,
  },
);

const secret = z.strictObject({ name, envKey: variableName, value: z.literal('auto-generated') });

export const serviceSchema = z.strictObject({
  name,
  formerNames: z.array(name).default([]),
  remove: z.boolean().default(false),
  run: z
    .strictObject({
      command: z.array(z.string().min(1)).min(1, { error: 'expected a program and its arguments' }),
      cwd: z.string().min(1).default('.'),
    })
    .optional(),
  args: z.array(z.string()).default([]),
  ports: z
    .array(port)
    .max(portsMax, { error: `a service has at most ${portsMax} ports` })
    .default([]),
  env: z.record(variableName, z.string()).default({}),
  secrets: z.array(secret).default([]),
  resources: z
    .strictObject({ cpu: quantity.optional(), memory: quantity.optional(), storage: quantity.optional() })
    .default({}),
  replicas: z.number().default(1),
  expose: z.boolean().default(false),
  stateful: z.boolean().default(false),
  sharing: z
    .strictObject({ inherit: z.enum(['allow', 'deny', 'require']).default('allow') })
    .default({ inherit: 'allow' }),
  dependsOn: z.array(dependency).default([]),
  description: z.string().optional(),
  labels: labels.default({}),
});
export type WrittenService = z.infer<typeof serviceSchema>;
export type WrittenPort = WrittenService['ports'][number];
export type WrittenDependency = WrittenService['dependsOn'][number];

export const routingSchema = z.strictObject({
  mode: z.enum(['isolated', 'baseline', 'overlay']).default('isolated'),
  baselineId: name.optional(),
  overlayId: contextValue.optional(),
  headerName: headerName.optional(),
  propagateHeader: z.boolean().default(true),
  track: z.enum(['tracking', 'pinned']).optional(),
  unknown: z.enum(['baseline', 'deny']).optional(),
  providers: z.record(name, name).default({}),
  pools: z.array(name).default([]),
});
export type WrittenRouting = z.infer<typeof routingSchema>;

/** Everything but the services, which are judged one by one. */
export const headerSchema = z.strictObject({
  name,
  project: name.optional(),
  description: z.string().optional(),
  labels: labels.default({}),
  routing: routingSchema.prefault({}),
  budget: z
    .strictObject({
      perHour: z.number().min(0, { error: 'expected dollars an hour, at least 0' }).max(1e9, {
        error: 'expected dollars an hour, at most 1000000000',
      }),
    })
    .optional(),
  autoShutdownEnabled: z.boolean().optional(),
  autoShutdownDelayMinutes: z.number().optional(),
  services: z.array(z.unknown()),
});
export type WrittenHeader = z.infer<typeof headerSchema>;

/** The keys that a map takes, by the place it stands at, for suggestions. */
export const knownKeys: Readonly<Record<string, readonly string[]>> = {
  blueprint: Object.keys(headerSchema.shape),
  routing: Object.keys(routingSchema.shape),
  budget: ['perHour'],
  service: Object.keys(serviceSchema.shape),
  port: Object.keys(port.shape),
  dependency: Object.keys(dependency.shape),
  secret: Object.keys(secret.shape),
  run: ['command', 'cwd'],
  resources: ['cpu', 'memory', 'storage'],
  sharing: ['inherit'],
};
