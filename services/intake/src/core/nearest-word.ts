/** The known word that a mistyped one most likely meant, or undefined where none is near. */
export function nearestWord(typed: string, known: Iterable<string>): string | undefined {
  if (typed.length > 60) return undefined;
  const allowed = Math.max(1, Math.floor(typed.length / 3));
  let nearest: string | undefined;
  let least = allowed + 1;
  for (const word of known) {
    if (Math.abs(word.length - typed.length) > least) continue;
    const distance = editDistance(typed.toLowerCase(), word.toLowerCase());
    if (distance < least || (distance === least && nearest !== undefined && word < nearest)) {
      nearest = word;
      least = distance;
    }
  }
  return nearest;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to another. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (last[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
          ? (beforeLast[column - 2] ?? 0) + 1
          : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, swapped, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
