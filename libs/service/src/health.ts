/** What a service waits for before it is ready: each part says so under a name. */
export type Health = {
  /** Whether every part that has spoken is ready; false before any has. */
  ready(): boolean;
  setReady(name: string, ready: boolean): void;
  /** Each part's last word, by name. */
  describe(): Readonly<Record<string, boolean>>;
};

/** A register in which every named part is not ready to begin with. */
export function createHealth(...names: readonly string[]): Health {
  const parts = new Map<string, boolean>(names.map((name) => [name, false]));
  return {
    ready: () => parts.size > 0 && [...parts.values()].every(Boolean),
    setReady: (name, ready) => void parts.set(name, ready),
    describe: () => Object.fromEntries([...parts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}
