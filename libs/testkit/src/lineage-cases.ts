import type { EnvironmentView } from '@microstax/model/lineage-check';
import type { EnvironmentMode } from '@microstax/model/revision';

/** What an environment called `feat` wants to be, what is known around it, and what that is refused with. */
export type LineageCase = {
  readonly title: string;
  /** null: nothing is wrong with it. */
  readonly code: string | null;
  readonly mode: EnvironmentMode;
  readonly parent?: string;
  /** The context value; by default the name. */
  readonly value?: string;
  readonly self?: EnvironmentView;
  readonly parentView?: EnvironmentView;
  readonly valueHolder?: string;
};

const view = (env: string, draft: Partial<EnvironmentView> = {}): EnvironmentView => ({
  env,
  mode: 'baseline',
  project: 'shop',
  deleted: false,
  ancestors: [],
  root: 'shop',
  value: env,
  headerName: 'x-msx-env',
  services: [],
  ...draft,
});
const overlayView = (env: string, ...ancestors: string[]): EnvironmentView =>
  view(env, { mode: 'overlay', ancestors, root: ancestors.at(-1) ?? env });

const shop = view('shop');
const team = overlayView('team', 'shop');
const feat = overlayView('feat', 'shop');
const deep = (depth: number): EnvironmentView => {
  const ancestors = Array.from({ length: depth - 1 }, (_, n) => `level-${n}`);
  return overlayView('deepest', ...ancestors, 'shop');
};

/** Every early refusal of lineage and mode (design 5.1), for whoever checks them: intake early, the commit finally. */
export const lineageCases: readonly LineageCase[] = [
  { title: 'an overlay of a baseline', code: null, mode: 'overlay', parent: 'shop', parentView: shop },
  { title: 'an overlay of an overlay', code: null, mode: 'overlay', parent: 'team', parentView: team },
  { title: 'a later revision of it', code: null, mode: 'overlay', parent: 'shop', parentView: shop, self: feat },
  { title: 'a baseline', code: null, mode: 'baseline' },
  { title: 'an isolated environment', code: null, mode: 'isolated' },
  { title: 'a chain of 8', code: null, mode: 'overlay', parent: 'deepest', parentView: deep(7) },
  {
    title: 'a chain of 9',
    code: 'lineage-too-deep',
    mode: 'overlay',
    parent: 'deepest',
    parentView: deep(8),
  },
  { title: 'a cycle of one', code: 'lineage-cycle', mode: 'overlay', parent: 'feat', parentView: feat, self: feat },
  {
    title: 'a cycle of three',
    code: 'lineage-cycle',
    mode: 'overlay',
    parent: 'team',
    parentView: overlayView('team', 'mid', 'feat', 'shop'),
  },
  { title: 'an overlay without parent', code: 'missing-parent', mode: 'overlay' },
  { title: 'a baseline with parent', code: 'parent-not-allowed', mode: 'baseline', parent: 'shop', parentView: shop },
  {
    title: 'an isolated environment with parent',
    code: 'parent-not-allowed',
    mode: 'isolated',
    parent: 'shop',
    parentView: shop,
  },
  { title: 'an unknown parent', code: 'unknown-parent', mode: 'overlay', parent: 'nowhere' },
  {
    title: 'a deleted parent',
    code: 'deleted-parent',
    mode: 'overlay',
    parent: 'shop',
    parentView: { ...shop, deleted: true },
  },
  { title: 'a parent of another organisation', code: 'foreign-parent', mode: 'overlay', parent: 'acme/shop' },
  {
    title: 'an isolated parent',
    code: 'isolated-parent',
    mode: 'overlay',
    parent: 'alone',
    parentView: view('alone', { mode: 'isolated' }),
  },
  { title: 'an overlay that was a baseline', code: 'mode-changed', ...overShop(view('feat')) },
  { title: 'an overlay that was isolated', code: 'mode-changed', ...overShop(view('feat', { mode: 'isolated' })) },
  { title: 'a baseline that was an overlay', code: 'mode-changed', mode: 'baseline', self: feat },
  {
    title: 'a baseline that was isolated',
    code: 'mode-changed',
    mode: 'baseline',
    self: view('feat', { mode: 'isolated' }),
  },
  { title: 'an isolated one that was a baseline', code: 'mode-changed', mode: 'isolated', self: view('feat') },
  { title: 'an isolated one that was an overlay', code: 'mode-changed', mode: 'isolated', self: feat },
  { title: 'another parent', code: 'parent-changed', mode: 'overlay', parent: 'team', parentView: team, self: feat },
  {
    title: 'a context value that another one has',
    code: 'context-value-taken',
    mode: 'overlay',
    parent: 'shop',
    parentView: shop,
    value: 'blue',
    valueHolder: 'team',
  },
  {
    title: 'a name that another one is selected by',
    code: 'context-value-taken',
    mode: 'overlay',
    parent: 'shop',
    parentView: shop,
    valueHolder: 'team',
  },
  {
    title: 'a deleted name, used again in another mode',
    code: null,
    mode: 'baseline',
    self: { ...feat, deleted: true },
  },
  {
    title: 'a deleted name, used again under another parent',
    code: null,
    mode: 'overlay',
    parent: 'team',
    parentView: team,
    self: { ...feat, deleted: true },
  },
];

function overShop(self: EnvironmentView) {
  return { mode: 'overlay', parent: 'shop', parentView: shop, self } as const;
}
