import type { ContextOptions } from './context.ts';

/** What the program's surroundings say: MSX_CONTEXT_HEADER is the baseline's plain header, where it is not the usual. */
export function contextOptions(): ContextOptions {
  const headerName = process.env.MSX_CONTEXT_HEADER?.trim();
  return headerName === undefined || headerName === '' ? {} : { headerName };
}
