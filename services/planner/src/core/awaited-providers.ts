import type { Placement } from '@microstax/model/plan';
import { type ComposedView, edgesFrom, serviceAt } from './composed-view.ts';
import type { Placed } from './place-services.ts';

export type ProviderRef = NonNullable<Placement['provider']>;

/** A provider that routes have to wait for, and who needs it. */
export type Awaited = { readonly provider: ProviderRef; readonly service: string; readonly reason: string };

export function awaitJobId({ env, service }: ProviderRef): string {
  return `await:${env}/${service}`;
}

/** Providers of remote services that a local one depends on or that requests enter by; each once, in order of names. */
export function awaited(view: ComposedView, placed: readonly Placed[]): readonly Awaited[] {
  const needs = localNeeds(view, placed);
  const found = new Map<string, Awaited>();
  placed.forEach(({ service, provider }, index) => {
    if (provider === undefined) return;
    const need = needs.get(index) ?? (serviceAt(view, index).spec.expose ? 'requests enter by it' : undefined);
    if (need === undefined || found.has(awaitJobId(provider))) return;
    const reason = `${service} is provided by ${provider.env}: ${need}`;
    found.set(awaitJobId(provider), { provider, service, reason });
  });
  return [...found.values()];
}

function localNeeds(view: ComposedView, placed: readonly Placed[]): ReadonlyMap<number, string> {
  const needs = new Map<number, string>();
  placed.forEach(({ kind, service }, index) => {
    if (kind !== 'local') return;
    for (const { to, dependency } of edgesFrom(view, index))
      if (!needs.has(to)) needs.set(to, `${service} runs here and ${dependency.required ? 'requires' : 'may use'} it`);
  });
  return needs;
}
