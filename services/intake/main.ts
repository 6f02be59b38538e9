import { runService } from '@microstax/service/run';
import { readIntakeConfig } from './src/config.ts';
import { startIntake } from './src/service.ts';

await runService('intake', () => startIntake(readIntakeConfig(process.env)));
