/**
 * How many requests for `target` the process of `service` served, by its own spans: a path, such as `/customer`, or a
 * method of gRPC in its form as a path, such as `/driver.DriverService/FindNearest`.
 */
export function countServerSpans(stdoutText: string, service: string, target: string): number {
  return jsonObjectsIn(stdoutText).filter(
    (span) =>
      span.SpanKind === serverKind &&
      attribute(span.Resource, 'service.name') === service &&
      (attribute(span.Attributes, 'url.path') ?? methodPath(span.Attributes)) === target,
  ).length;
}

const serverKind = 2; // of Go's trace.SpanKind, which the exporter prints as a number

type Span = { readonly SpanKind?: unknown; readonly Attributes?: unknown; readonly Resource?: unknown };
type Attribute = { readonly Key?: unknown; readonly Value?: { readonly Value?: unknown } };

function methodPath(attributes: unknown): string {
  return `/${attribute(attributes, 'rpc.service')}/${attribute(attributes, 'rpc.method')}`;
}

/** The value of one attribute in the exporter's form, a list of `{Key, Value: {Type, Value}}`. */
function attribute(attributes: unknown, key: string): unknown {
  if (!Array.isArray(attributes)) return undefined;
  return (attributes as readonly Attribute[]).find((entry) => entry?.Key === key)?.Value?.Value;
}

/**
 * The JSON objects in a stream that may also hold log lines between them, one per line or over several lines. An
 * object that is cut off at the end, or is no JSON, is left out.
 */
function jsonObjectsIn(text: string): Span[] {
  const objects: Span[] = [];
  for (let start = text.indexOf('{'); start !== -1; ) {
    const end = endOfObject(text, start);
    const object = end === undefined ? undefined : parseObject(text.slice(start, end));
    if (object !== undefined) objects.push(object);
    // A brace that opens no object belongs to a log line: go on behind it.
    start = text.indexOf('{', object === undefined ? start + 1 : end);
  }
  return objects;
}

/** The index behind the brace that closes the one at `start`; braces within strings do not count. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return undefined;
}

function parseObject(text: string): Span | undefined {
  try {
    return JSON.parse(text) as Span;
  } catch {
    return undefined;
  }
}
