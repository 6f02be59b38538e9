import { decideBlueprint } from '../../services/intake/src/core/decide.ts';
import { identifyRequest } from '../../services/intake/src/core/identify.ts';
import { defaultLimits } from '../../services/intake/src/core/limits.ts';
import { readBlueprint } from '../../services/intake/src/core/read-blueprint.ts';
import { emptyGraph, viewOf } from '../../services/intake/src/core/testing/decide-text.ts';
import { editorComplaints } from '../../services/intake/src/core/testing/editor.ts';
import type { Mutant } from './mutant.ts';

export type Verdict = { readonly kind: 'accepted' | 'rejected' | 'needs parent'; readonly codes: readonly string[] };

const graph = {
  ...emptyGraph,
  parent: viewOf('shop', ['web', 'catalog', 'pricing', 'cart', 'store', 'checkout', 'payments', 'shipping']),
};

/**
 * Reads and decides a text as intake does. Throws where intake threw, where a finding has no place in the text, where the
 * same text is decided in two ways, or where an editor would underline what is accepted.
 */
export function judge({ text, env }: Mutant): Verdict {
  const { decision, said } = decide(text, env);
  const lines = text.split('\n');
  const findings =
    decision.kind === 'needs parent' ? [...decision.findings, decision.unknownParent] : decision.findings;
  for (const { code, reason, position } of findings) {
    const line = position === undefined ? undefined : lines[position.line - 1];
    if (position === undefined || line === undefined || position.column < 1 || position.column > line.length + 1)
      throw new Error(`"${code}" has no place: ${JSON.stringify(position)} of ${lines.length} lines; ${reason}`);
  }
  if (decision.kind === 'rejected' && !findings.some(({ severity }) => severity === 'error'))
    throw new Error('it is rejected and nothing says why');
  if (decision.kind === 'accepted') {
    const complaints = editorComplaints(text);
    if (complaints.length > 0) throw new Error(`accepted, and the JSON Schema refuses it: ${complaints.join('; ')}`);
  }
  // JSON has a way of its own; behind a comment the same text is read as YAML. To that a lone CR is a letter.
  if (/^\s*\{/.test(text) && !/\r(?!\n)/.test(text)) {
    const other = decide(`#\n${text}`, env, 1).said;
    if (other !== said) throw new Error(`as JSON it is ${said}, as YAML ${other}`);
  }
  return { kind: decision.kind, codes: findings.map(({ code }) => code) };
}

function decide(text: string, env: string, linesBefore = 0) {
  const blueprint = readBlueprint(text, { org: 'default', env }, defaultLimits);
  const request = blueprint.kind === 'read' ? identifyRequest(blueprint) : undefined;
  const known = request?.parent === 'shop' ? graph : emptyGraph;
  const decision = decideBlueprint(blueprint, request === undefined ? null : known);
  const places = decision.findings.map(
    ({ code, position }) => `${(position?.line ?? 0) - linesBefore}:${position?.column} ${code}`,
  );
  const what = decision.kind === 'accepted' ? decision.revision.digest : decision.kind;
  return { decision, said: `${what} ${places.join(', ')}` };
}
