#!/usr/bin/env node
import { processEnv } from './config.ts';
import { findNatsServer, howToGetNatsServer } from './nats-server.ts';

// `node libs/service/src/fetch-nats-server.ts` prints the path of a nats-server, which it fetches where there is none.
const found = await findNatsServer({
  env: processEnv(),
  allowFetch: true,
  announce: (line) => process.stderr.write(`${line}\n`),
});
if (found === undefined) {
  process.stderr.write(`Cannot find or fetch a nats-server; ${howToGetNatsServer}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${found.path}\n`);
}
