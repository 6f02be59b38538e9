import { z } from 'zod';
import {
  dependencySchema,
  headerSchema,
  planServiceSchema,
  poolSchema,
  portSchema,
  providerSchema,
  routingSchema,
  serviceSchema,
} from './blueprint-schema.ts';
import { initSchema, seedSchema, volumeSchema } from './data-schema.ts';
import { probeSchema } from './probe-schema.ts';
import { contractText, headerName, name, run, text, variableName } from './schema-words.ts';

// A Blueprint in every spelling that desugar.ts reads: what an editor is told. What intake judges is blueprint-schema.ts.

/** Numbers and booleans are taken as they were written. */
const asWritten = z.union([z.string(), z.number(), z.boolean()]);
const program = z.union([text, z.array(asWritten).min(1)]);
const textMap = z.record(z.string(), asWritten);
const variables = z.record(variableName, asWritten);
const args = z.array(asWritten);
const version = z.union([contractText, z.number().min(0)]);
const anyRun = run.extend({ command: program });

const port = z.union([
  z.int().min(1).max(65_535),
  z.string().regex(/^\d{1,5}(?::\d{1,5})?(?:\/(?:http|grpc|tcp|udp))?$/),
  portSchema,
]);
const dependency = z.union([name, dependencySchema.extend({ contract: version.optional() })]);
const seed = z.union([
  z.string().regex(/^[a-z0-9][a-z0-9-]*(?:@[A-Za-z0-9][A-Za-z0-9._-]*)?$/),
  seedSchema.extend({ version: asWritten.optional() }),
]);

const { http, exec } = probeSchema.shape;
const probe = probeSchema.extend({
  http: http
    .unwrap()
    .extend({ headers: z.record(headerName, asWritten).optional() })
    .optional(),
  exec: exec.unwrap().extend({ command: program }).optional(),
});
const init = initSchema.extend({ command: program.optional() });
const { mocks } = serviceSchema.shape;

const anyService = {
  ...serviceSchema.shape,
  run: anyRun.optional(),
  command: program.optional(),
  user: asWritten.optional(),
  args: args.optional(),
  ports: z.array(port).max(64).optional(),
  env: variables.optional(),
  probes: z
    .strictObject({ startup: probe.optional(), readiness: probe.optional(), liveness: probe.optional() })
    .optional(),
  volumes: z.array(volumeSchema.extend({ files: z.record(z.string(), asWritten).optional() })).optional(),
  mocks: mocks.unwrap().extend({ run: anyRun.optional(), args: args.optional(), env: variables.optional() }).optional(),
  init: z.union([init, z.array(init)]).optional(),
  contract: z.strictObject({ version }).optional(),
  dependsOn: z.array(dependency).optional(),
  labels: textMap.optional(),
};
const listedService = z.strictObject(anyService);
const keyedService = z.strictObject({ ...anyService, name: name.optional() });

const routing = routingSchema.extend({
  providers: z.record(name, z.union([name, providerSchema])).optional(),
  pools: z.array(z.union([name, poolSchema.extend({ labels: textMap.optional() })])).optional(),
});
const planService = planServiceSchema.extend({ args: args.optional(), env: variables.optional() });

export const writtenBlueprint = z.strictObject({
  ...headerSchema.shape,
  labels: textMap.optional(),
  routing: routing.optional(),
  plans: z.record(name, z.strictObject({ services: z.record(name, planService).optional() })).optional(),
  seeds: z.array(seed).optional(),
  services: z.union([z.array(listedService), z.record(name, z.union([keyedService, z.null()]))]),
});
