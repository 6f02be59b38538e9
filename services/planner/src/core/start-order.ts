/** Nodes that start together, and the nodes whose readiness they wait for; both sorted. */
export type StartGroup = { readonly members: readonly number[]; readonly after: readonly number[] };

/**
 * Groups nodes by what they require of each other: a node starts after those it requires, a cycle starts together.
 * `requires` holds, for each of the given nodes, the nodes that it requires. Groups come in an order in which they can
 * start. Linear, and without recursion, because chains may be as long as an environment is large.
 */
export function startOrder(requires: ReadonlyMap<number, readonly number[]>): readonly StartGroup[] {
  return components(requires).map((members) => {
    const own = new Set(members);
    const after = new Set(members.flatMap((member) => requires.get(member) ?? []).filter((node) => !own.has(node)));
    return { members: members.toSorted(byNumber), after: [...after].sort(byNumber) };
  });
}

type Frame = { readonly node: number; next: number };

/** Tarjan's strongly connected components; a component comes after those that it requires. */
function components(requires: ReadonlyMap<number, readonly number[]>): number[][] {
  const found: number[][] = [];
  const order = new Map<number, number>();
  const lowest = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();

  const enter = (node: number): Frame => {
    order.set(node, order.size);
    lowest.set(node, order.size - 1);
    open.push(node);
    isOpen.add(node);
    return { node, next: 0 };
  };
  const lower = (node: number, to: number): void => {
    if (to < (lowest.get(node) as number)) lowest.set(node, to);
  };
  const close = (node: number): void => {
    if (lowest.get(node) !== order.get(node)) return;
    const members = open.splice(open.lastIndexOf(node));
    for (const member of members) isOpen.delete(member);
    found.push(members);
  };

  for (const start of [...requires.keys()].sort(byNumber)) {
    if (order.has(start)) continue;
    const frames = [enter(start)];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const to = requires.get(frame.node)?.[frame.next];
      if (to !== undefined) {
        frame.next += 1;
        if (!order.has(to)) frames.push(enter(to));
        else if (isOpen.has(to)) lower(frame.node, order.get(to) as number);
        continue;
      }
      close(frame.node);
      frames.pop();
      const parent = frames.at(-1);
      if (parent !== undefined) lower(parent.node, lowest.get(frame.node) as number);
    }
  }
  return found;
}

function byNumber(a: number, b: number): number {
  return a - b;
}
