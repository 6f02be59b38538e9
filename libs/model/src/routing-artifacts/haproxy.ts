import { anyContextValue, contextCarriers } from './context-patterns.ts';
import type { RouteAnswers } from './route-answers.ts';
import { hasHeaders, upstreamName } from './upstream-name.ts';

/** Lines of a frontend that leave the request's context value, if any, in `txn.msx_context`; as comments of the map. */
export function haproxyPreface(headerName: string): readonly string[] {
  const found = contextCarriers(headerName)
    .toReversed() // the last one that finds a value counts
    .flatMap(({ header, pattern }) => {
      const whole = `^${pattern(`(${anyContextValue})`)}$`;
      return `http-request set-var(txn.msx_context) 'req.fhdr(${header}),regsub("${whole}","\\1")' if { req.fhdr(${header}) -m reg '${whole}' }`;
    });
  return ['In the frontend:', ...found].map((line) => `# ${line}`);
}

/** Lines of one map for all services: `catalog.http=<context>`, nothing behind `=` without one, `*` for any other. */
export function haproxyLines({ service, ports, own, contexts, unknown }: RouteAnswers): readonly string[] {
  return ports.filter(hasHeaders).flatMap((port) => {
    const key = `${service}.${port.name}`;
    return [
      `${key}= ${upstreamName(own, port)}`,
      ...contexts.map(({ value, answer }) => `${key}=${value} ${upstreamName(answer, port)}`),
      `${key}=* ${upstreamName(unknown, port)}`,
    ];
  });
}
