import { runService } from '@microstax/service/run';
import { readRouterConfig } from './src/config.ts';
import { startRouter } from './src/service.ts';

await runService('router', () => startRouter(readRouterConfig(process.env)));
