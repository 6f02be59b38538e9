const programPort = 8080;

/** A baseline of so many services, each calling two others as in a binary tree, its root exposed. */
export function baselineOf(name: string, size: number, version = '1'): string {
  const services = Array.from({ length: size }, (_, index) => service(index, size, version));
  return JSON.stringify({ name, routing: { mode: 'baseline' }, services });
}

/** An overlay that runs one service of its own, from the middle of the tree, and inherits all the others. */
export function overlayOf(name: string, baseline: string, size: number, version: string): string {
  const changed = service(changedIndex(size), size, version);
  return JSON.stringify({ name, routing: { mode: 'overlay', baselineId: baseline }, services: [changed] });
}

/** It has callers above and two services below. */
export function changedIndex(size: number): number {
  return Math.floor(size / 4);
}

function service(index: number, size: number, version: string) {
  const below = [2 * index + 1, 2 * index + 2].filter((other) => other < size).map(nameOf);
  return {
    name: nameOf(index),
    run: { command: ['node', 'server.mjs'], cwd: 'services' },
    ports: [{ name: 'http', containerPort: programPort, protocol: 'http' }],
    env: { PORT: own('http'), VERSION: version, ...Object.fromEntries(below.map((name) => [upper(name), url(name)])) },
    resources: { cpu: '100m', memory: '128Mi' },
    dependsOn: below,
    ...(index === 0 ? { expose: true } : {}),
  };
}

function nameOf(index: number): string {
  return `service-${index}`;
}

function upper(name: string): string {
  return `${name.replaceAll('-', '_').toUpperCase()}_URL`;
}

function own(port: string): string {
  return `\${port.${port}}`;
}

function url(name: string): string {
  return `http://\${host.${name}}:\${port.${name}.http}`;
}
