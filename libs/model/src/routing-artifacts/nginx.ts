import { anyContextValue, contextCarriers, literalValue } from './context-patterns.ts';
import type { RouteAnswers } from './route-answers.ts';
import { hasHeaders, upstreamName } from './upstream-name.ts';

/** Maps for the `http` block of nginx: `$msx_context` is the request's context value, empty where it has none. */
export function nginxPreface(headerName: string): readonly string[] {
  const names = ['baggage', 'header', 'tracestate'] as const;
  const found = contextCarriers(headerName).flatMap(({ header, pattern }, index) => {
    const name = names[index];
    const source = `$http_${header.replaceAll('-', '_')}`;
    return [
      `map ${source} $msx_${name} {`,
      '  default "";',
      `  "~^${pattern(`(?<msx_in_${name}>${anyContextValue})`)}$" $msx_in_${name};`,
      '}',
    ];
  });
  return [
    ...found,
    'map $msx_header $msx_header_or_tracestate { "" $msx_tracestate; default $msx_header; }',
    'map $msx_baggage $msx_context { "" $msx_header_or_tracestate; default $msx_baggage; }',
  ];
}

/** One map a port: `$msx_to_catalog__http` is the upstream that the request goes to. */
export function nginxLines({ service, ports, own, contexts, unknown }: RouteAnswers): readonly string[] {
  return ports.filter(hasHeaders).flatMap((port) => [
    `map $msx_context $msx_to_${variable(service)}__${variable(port.name)} {`,
    `  default "${upstreamName(unknown, port)}";`,
    `  "" "${upstreamName(own, port)}";`,
    // A pattern, because nginx compares text without regard to case.
    ...contexts.map(({ value, answer }) => `  "~^${literalValue(value)}$" "${upstreamName(answer, port)}";`),
    '}',
  ]);
}

/** A variable may not hold a hyphen. Two underscores stand between service and port alone, so no two names meet. */
function variable(name: string): string {
  return name.replace(/-+/g, ({ length }) => '_'.repeat(length === 1 ? 1 : length + 1));
}
