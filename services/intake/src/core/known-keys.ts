import type { z } from 'zod';
import { headerSchema, serviceSchema } from './blueprint-schema.ts';
import type { Path } from './located.ts';

type Schema = z.core.$ZodType;

/** The keys that the map at a path takes, in the order they are documented; none where it takes any, or is no map. */
export function knownKeysAt(path: Path): readonly string[] {
  const inService = path[0] === 'services' && path.length > 1;
  const schema = schemaAt(inService ? serviceSchema : headerSchema, inService ? path.slice(2) : path);
  const found = schema === undefined ? undefined : bare(schema);
  return found?._zod.def.type === 'object' ? Object.keys(found._zod.def.shape) : [];
}

function schemaAt(schema: Schema, path: Path): Schema | undefined {
  let found: Schema | undefined = schema;
  for (const step of path) found = found === undefined ? undefined : childOf(bare(found), step);
  return found;
}

function childOf({ _zod: { def } }: KnownSchema, step: string | number): Schema | undefined {
  if (def.type === 'object') return Object.hasOwn(def.shape, step) ? def.shape[step] : undefined;
  if (def.type === 'array') return def.element;
  return def.type === 'record' ? def.valueType : undefined;
}

type KnownSchema = z.core.$ZodTypes;

/** Without what says that it may be absent. */
function bare(schema: Schema): KnownSchema {
  const known = schema as KnownSchema;
  const { def } = known._zod;
  return def.type === 'optional' || def.type === 'default' || def.type === 'prefault' ? bare(def.innerType) : known;
}
