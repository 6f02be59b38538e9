import { silentLog } from '@microstax/service/log';
import type { RunningNatsServer } from '@microstax/service/nats-server';
import { startTelemetry } from '@microstax/service/telemetry';
import { startTestNats } from '@microstax/testkit/nats';
import { bootstrap } from '../bootstrap.ts';
import type { Bus } from '../bus.ts';
import { connectBus } from '../connect.ts';
import { openIncarnation } from '../incarnation.ts';

export type TestSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: number;
  readonly failed: boolean;
};

export type TestBus = Bus & { readonly spans: () => Promise<readonly TestSpan[]> };

/** A connected bus of a service that keeps its spans for the test to look at. */
export async function connectTestBus(
  server: { readonly url: string },
  service = 'planner',
  waitMs?: number,
): Promise<TestBus> {
  const documents: string[] = [];
  const publishSpans = (_traceId: string, json: Uint8Array): void =>
    void documents.push(new TextDecoder().decode(json));
  const telemetry = startTelemetry({ service, publishSpans });
  const bus = await connectBus({
    url: server.url,
    service,
    log: silentLog,
    telemetry,
    ...(waitMs === undefined ? {} : { waitMs }),
  });
  const spans = async (): Promise<readonly TestSpan[]> => {
    await telemetry.flush();
    return documents.flatMap(spansIn);
  };
  return Object.assign(bus, { spans });
}

/** A server with everything the graph makes, in incarnation 1, and the graph's bus. */
export async function openTestBus(): Promise<
  AsyncDisposable & { readonly server: RunningNatsServer; readonly graph: TestBus }
> {
  const server = await startTestNats();
  const graph = await connectTestBus(server, 'graph');
  await bootstrap(graph);
  await openIncarnation(graph, 1, 'test');
  return {
    server,
    graph,
    [Symbol.asyncDispose]: async () => {
      await graph[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

type OtlpValue = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type OtlpSpan = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string; value: OtlpValue }[];
  links?: unknown[];
  status?: { code?: number };
};
type OtlpDocument = { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] };

function spansIn(json: string): TestSpan[] {
  const document = JSON.parse(json) as OtlpDocument;
  return document.resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ name, traceId, spanId, parentSpanId, attributes, links = [], status }) => ({
      name,
      traceId,
      spanId,
      parentSpanId,
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)])),
      links: links.length,
      failed: status?.code === 2,
    }));
}

function plain({ stringValue, intValue, doubleValue, boolValue }: OtlpValue): string | number | boolean {
  return stringValue ?? doubleValue ?? boolValue ?? Number(intValue);
}
