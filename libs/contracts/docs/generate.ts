import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messagesPage } from '../src/messages-page.ts';

/** Writes the generated pages; with `--check` it only compares and names what is stale. */
const docs = join(import.meta.dirname, '..', '..', '..', 'docs');
const pages: Readonly<Record<string, string>> = { 'messages.md': messagesPage() };
const check = process.argv.includes('--check');

for (const [name, text] of Object.entries(pages)) {
  const file = join(docs, name);
  if (!check) {
    mkdirSync(docs, { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote docs/${name}`);
  } else if (read(file) !== text) {
    console.error(`docs/${name} is stale; run: npm run docs`);
    process.exitCode = 1;
  }
}

// Contracts know nothing of services; what those generate is written by programs of their own.
for (const program of ['services/intake/src/write-schema.ts']) {
  const { status } = spawnSync(process.execPath, [join(docs, '..', program), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
