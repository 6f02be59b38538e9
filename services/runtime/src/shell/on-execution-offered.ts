import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { executionOffered } from '@microstax/contracts/execution-offered';
import { failpoint } from '@microstax/service/failpoint';
import { parseMessage } from './parse-message.ts';
import type { Runner } from './run-execution.ts';
import { takeOver } from './take-over.ts';

/** An execution's owner fell silent: whoever raises the epoch first goes on with it (protocol 22). */
export async function onExecutionOffered(message: Message, runner: Runner): Promise<Outcome> {
  if (message.purpose !== 'activate') return done;
  const offered = parseMessage(message, executionOffered.schema);
  if (offered.kind === 'unreadable') return { kind: 'dead', reason: offered.reason };
  await takeOver(offered.value, runner);
  await failpoint('runtime.execution-offered.after-say');
  return done;
}
