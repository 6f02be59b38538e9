/** The words that `command`, `args` and `env` may hold (protocol 27). */
export type InterpolationWord =
  | { readonly kind: 'own port'; readonly port: string; readonly text: string }
  | { readonly kind: 'host'; readonly service: string; readonly text: string }
  | { readonly kind: 'port'; readonly service: string; readonly port: string; readonly text: string }
  /** Looks like one of ours and is none. `text` is absent where it might be more than a word. */
  | { readonly kind: 'unknown'; readonly text?: string }
  /** `${HOME}`: passed on as it is, for whoever reads it. */
  | { readonly kind: 'foreign'; readonly text?: string };

/** Every `${…}` of a text, in order. */
export function interpolationWords(text: string): InterpolationWord[] {
  return [...text.matchAll(/\$\{([^{}]*)\}/g)].map((match) => wordOf(match[0], match[1] ?? ''));
}

function wordOf(text: string, inner: string): InterpolationWord {
  const [kind, first, second, more] = inner.split('.');
  if (first !== undefined && isName(first) && more === undefined) {
    if (kind === 'host' && second === undefined) return { kind: 'host', service: first, text };
    if (kind === 'port' && second === undefined) return { kind: 'own port', port: first, text };
    if (kind === 'port' && second !== undefined && isName(second))
      return { kind: 'port', service: first, port: second, text };
  }
  return {
    kind: inner.includes('.') ? 'unknown' : 'foreign',
    ...(/^[A-Za-z0-9_.-]{1,60}$/.test(inner) ? { text } : {}),
  };
}

function isName(text: string): boolean {
  return /^[a-z0-9-]{1,40}$/.test(text);
}
