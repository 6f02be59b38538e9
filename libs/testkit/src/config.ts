/** What the tests were started with: where a nats-server is, and nothing else. */
export function testEnv(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
