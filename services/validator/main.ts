import { runService } from '@microstax/service/run';
import { readValidatorConfig } from './src/config.ts';
import { startValidator } from './src/service.ts';

await runService('validator', () => startValidator(readValidatorConfig(process.env)));
