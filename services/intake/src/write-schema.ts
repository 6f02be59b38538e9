import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blueprintJsonSchema } from './core/blueprint-json-schema.ts';

/** Writes docs/blueprint.schema.json; with `--check` it only compares and says that it is stale. */
const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'blueprint.schema.json');
const text = `${JSON.stringify(blueprintJsonSchema(), null, 1)}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
  console.log('wrote docs/blueprint.schema.json');
} else if (read() !== text) {
  console.error('docs/blueprint.schema.json is stale; run: npm run docs');
  process.exitCode = 1;
}

function read(): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
