type Entry = { readonly subject: string | null };

/** Audit entries about one environment, and of each environment those until it had a generation after `at`. */
export function auditOf<T extends Entry>(entries: readonly T[], env?: string, at?: number): readonly T[] {
  const passed = new Set<string>();
  return entries.filter(({ subject }) => {
    const [about = '', generation = '0'] = (subject ?? '').split('@');
    if (at !== undefined && Number(generation) > at) passed.add(about);
    return (env === undefined || about === env) && !passed.has(about);
  });
}
