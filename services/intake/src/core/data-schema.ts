import { z } from 'zod';
import {
  absolutePath,
  foreignName,
  name,
  program,
  quantity,
  relativePath,
  text,
  variableName,
} from './schema-words.ts';

// What a service or an environment keeps and starts with.

const fileName = z
  .string()
  .regex(/^(?!\.{1,2}$)[^/\0]{1,253}$/, { error: 'a file name is 1 to 253 characters without "/"' });

export const volumeSchema = z.strictObject({
  name,
  mountPath: absolutePath,
  type: z.enum(['pvc', 'empty', 'bind', 'config', 'secret']).default('pvc'),
  size: quantity.optional(),
  readOnly: z.boolean().optional(),
  subPath: relativePath.optional(),
  source: text.optional(),
  files: z.record(fileName, z.string()).optional(),
});
export type WrittenVolume = z.infer<typeof volumeSchema>;

export const initSchema = z.strictObject({
  name: name.optional(),
  type: z.enum(['sql', 'command']).optional(),
  script: text.optional(),
  command: program.optional(),
  image: text.optional(),
});
export type WrittenInit = z.infer<typeof initSchema>;

const snapshotSource = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?(?:\/[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?)?$/, {
    error: 'expected <environment> or <environment>/<snapshot>',
  });
const column = z
  .string()
  .regex(/^(?:unclassified|\w{1,63}(?:\.\w{1,63}){1,2})$/, { error: 'expected <table>.<column>, or unclassified' });

export const snapshotSchema = z.strictObject({
  from: snapshotSource,
  services: z.array(name).optional(),
  sanitise: z
    .record(column, z.enum(['keep', 'mask', 'hash', 'fake', 'redact', 'nullify', 'allow', 'refuse']))
    .optional(),
});
export type WrittenSnapshot = z.infer<typeof snapshotSchema>;

export const seedSchema = z.strictObject(
  { name, version: foreignName.optional(), services: z.array(name).optional() },
  {
    error: (issue) =>
      issue.code === 'invalid_type'
        ? 'expected a seed: "name", "name@version" or { name, version, services }'
        : undefined,
  },
);
export type WrittenSeed = z.infer<typeof seedSchema>;

const reference = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\/[A-Za-z0-9._-]{1,253}$/, {
  error: 'expected <secret>/<key>, the names of a secret that exists where the service runs',
});
/** Exactly one of `value` and `ref`. */
export const secretSchema = z.strictObject({
  name,
  envKey: variableName,
  value: z.literal('auto-generated').optional(),
  ref: reference.optional(),
});
