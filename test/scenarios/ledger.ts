// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these words are what a Blueprint says
import { echoPort, type WrittenService } from './blueprints.ts';

/** A stateful service whose answers tell what it keeps: rows of a database of SQLite, and lines of a file. */
export function ledger(name: string, more: Readonly<Record<string, unknown>> = {}): WrittenService {
  return {
    name,
    run: { command: ['node', '--disable-warning=ExperimentalWarning', 'ledger.mjs'], cwd: 'test/scenarios/programs' },
    ports: [{ name: 'http', containerPort: echoPort, protocol: 'http' }],
    env: { PORT: '${port.http}' },
    stateful: true,
    ...more,
  };
}

/** The answer of the program. */
export type Ledger = {
  readonly environment: string;
  readonly people: readonly string[];
  readonly lines: readonly string[];
};
