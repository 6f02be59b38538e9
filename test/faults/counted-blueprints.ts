import { baseline, overlay, type WrittenBlueprint, type WrittenService } from '../scenarios/blueprints.ts';

/** Blueprints whose services are the counted program: every start leaves a line. */
export type CountedDraft = {
  readonly version?: string;
  readonly dependsOn?: readonly string[];
  /** Between its start and its port. */
  readonly delayMs?: number;
};

export type CountedBlueprints = {
  service(name: string, draft?: CountedDraft): WrittenService;
  /** `web → api → db`. */
  chain(draft?: CountedDraft): readonly WrittenService[];
  baseline(env: string, services: readonly WrittenService[]): WrittenBlueprint;
  overlay(env: string, parent: string, services: readonly WrittenService[]): WrittenBlueprint;
};

export function countedBlueprints(startsFile: string): CountedBlueprints {
  const service = (name: string, draft: CountedDraft = {}): WrittenService => {
    const { version = '1', dependsOn = [], delayMs = 0 } = draft;
    return {
      name,
      run: { command: ['node', 'counted.mjs'], cwd: 'test/faults/programs' },
      ports: [{ name: 'http', containerPort: 18_080, protocol: 'http' }],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a Blueprint's own word for its port
      env: { PORT: '${port.http}', STARTS: startsFile, VERSION: version, DELAY: String(delayMs) },
      dependsOn,
      ...(name === 'web' ? { expose: true } : {}),
    };
  };
  return {
    service,
    chain: (draft = {}) => [
      service('web', { ...draft, dependsOn: ['api'] }),
      service('api', { ...draft, dependsOn: ['db'] }),
      service('db', draft),
    ],
    baseline,
    overlay,
  };
}
