// Owns: the tables of all organisations in this process, and answers in the bytes that they were given in before.
// Does not own: where tables come from (serve-resolve.ts, shared-tables.ts).
//
// 1. An answer is written down once for each text of a question, and forgotten when a table of its organisation changes.
import type { ResolveRequest } from '@microstax/contracts/resolver-requests';
import { type RecordTable, RouteIndex } from '@microstax/model/route-index';
import type { SharedTable } from './shared-tables.ts';

const answersMax = 50_000; // some 20 MB: more questions than that are asked at random

type Known = { readonly index: RouteIndex; readonly answers: Map<string, Uint8Array> };

export class RouteMemory {
  readonly #orgs = new Map<string, Known>();

  /** False where a newer one is here already. */
  put(org: string, table: RecordTable): boolean {
    const known = this.#orgs.get(org) ?? { index: new RouteIndex(), answers: new Map() };
    this.#orgs.set(org, known);
    if (!known.index.put(table)) return false;
    known.answers.clear();
    return true;
  }

  remove(org: string, env: string): void {
    const known = this.#orgs.get(org);
    known?.index.remove(env);
    known?.answers.clear();
  }

  tables(): readonly SharedTable[] {
    return [...this.#orgs].flatMap(([org, { index }]) => index.tables().map((table) => ({ org, table })));
  }

  /** `{"ok":true,"value":…}` in bytes, or a refusal of what cannot be read. */
  answer(request: Uint8Array, org: string): Uint8Array {
    const text = Buffer.from(request.buffer, request.byteOffset, request.byteLength).toString('utf8');
    const known = this.#orgs.get(org) ?? nobody;
    const before = known.answers.get(text);
    if (before !== undefined) return before;
    const question = readQuestion(text);
    if (question === null) return refusal;
    const answer = Buffer.from(JSON.stringify({ ok: true, value: known.index.find(question) }));
    if (known === nobody) return answer;
    if (known.answers.size >= answersMax) known.answers.clear();
    known.answers.set(text, answer);
    return answer;
  }
}

const nobody: Known = { index: new RouteIndex(), answers: new Map() };
const refusal = Buffer.from(
  JSON.stringify({
    ok: false,
    error: {
      code: 'refused',
      message: 'Cannot resolve: expected {"env": …, "context": …, "service": …} with a service and one of the others',
    },
  }),
);

function readQuestion(text: string): ResolveRequest | null {
  const read = parse(text);
  if (typeof read !== 'object' || read === null) return null;
  const { env, context, service } = read as Record<string, unknown>;
  if (typeof service !== 'string' || !isTextOrAbsent(env) || !isTextOrAbsent(context)) return null;
  if (env === undefined && context === undefined) return null;
  return { env, context, service };
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
