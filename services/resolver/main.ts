import { runService } from '@microstax/service/run';
import { readResolverConfig } from './src/config.ts';
import { startResolver } from './src/service.ts';

await runService('resolver', () => startResolver(readResolverConfig(process.env)));
