import { z } from 'zod';
import { hints } from './field-hints.ts';
import { writtenBlueprint } from './written-forms.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * The JSON Schema of a Blueprint as people write it, for editors. It knows shapes and words; what depends on other fields
 * or other environments only intake can judge.
 */
export function blueprintJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(writtenBlueprint, {
    io: 'input',
    target: 'draft-7',
    reused: 'ref',
    override: ({ jsonSchema }) => describeFields(jsonSchema),
  });
  return { ...schema, title: 'Blueprint', description: 'One environment of microstax: docs/blueprint.md' };
}

/** Says what a field is for, where its name says it too little; the map is known by the keys it has. */
function describeFields(schema: JsonSchema): void {
  for (const { among, words } of hints) {
    if (schema.properties === undefined || !among.every((key) => Object.hasOwn(schema.properties ?? {}, key))) continue;
    for (const [key, description] of Object.entries(words)) {
      const field = schema.properties[key];
      if (typeof field !== 'object') continue;
      // Beside a `$ref` draft 7 reads nothing.
      schema.properties[key] = field.$ref === undefined ? { ...field, description } : { allOf: [field], description };
    }
  }
}
