import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

const schema = new URL('../../../../../docs/blueprint.schema.json', import.meta.url);
const validate = new Ajv({ allErrors: false, strictNumbers: false, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(schema, 'utf8')),
);

/** What an editor would say of a Blueprint that is YAML, knowing docs/blueprint.schema.json and nothing else. */
export function editorComplaints(text: string): readonly string[] {
  if (validate(parse(text, { logLevel: 'silent', uniqueKeys: false }))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
