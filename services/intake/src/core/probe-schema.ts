import { z } from 'zod';
import { duration, headerName, name, program } from './schema-words.ts';

const port = z.union([name, z.int().min(1).max(65_535)], {
  error: 'expected the name of a port, or a number from 1 to 65535',
});
const times = z.int().min(1).max(1_000);

/** Exactly one of `http`, `tcp`, `exec` and `grpc`, which normalise-probes.ts sees to. */
export const probeSchema = z.strictObject({
  http: z
    .strictObject({
      port: port.optional(),
      path: z
        .string()
        .regex(/^\/[^\s]{0,2047}$/, { error: 'expected a path that begins with "/"' })
        .default('/'),
      headers: z.record(headerName, z.string()).default({}),
    })
    .optional(),
  tcp: z.strictObject({ port: port.optional() }).optional(),
  exec: z.strictObject({ command: program }).optional(),
  grpc: z.strictObject({ port: port.optional(), service: z.string().max(256).optional() }).optional(),
  initialDelay: duration.optional(),
  period: duration.optional(),
  timeout: duration.optional(),
  failures: times.optional(),
  successes: times.optional(),
});
export type WrittenProbe = z.infer<typeof probeSchema>;

export const probesSchema = z.strictObject({
  startup: probeSchema.optional(),
  readiness: probeSchema.optional(),
  liveness: probeSchema.optional(),
});
