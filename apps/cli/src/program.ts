import { Command, CommanderError, Option } from 'commander';
import { exitCodes } from './exit-codes.ts';

type Flags = Readonly<Record<string, unknown>>;

/** Parses, runs, reports; the exit code is the result. Each command's module is loaded only when it runs. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const program = buildProgram();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { reportError } = await import('./report-error.ts');
    return reportError(error, argv);
  }
}

const examples: Readonly<Record<string, string>> = {
  msx: 'msx up &  msx apply -f examples/storefront/baseline.yaml --wait',
  up: 'msx up --data .msx',
  apply: 'msx apply -f examples/storefront/overlay-payments.yaml --wait',
  import: 'msx import compose compose.yaml --env-file .env > shop.yaml',
  get: 'msx get services feat-payments -o json',
  status: 'msx status feat-payments',
  diff: 'msx diff shop@1 feat-payments -o wide',
  graph: 'msx graph feat-payments -o mermaid',
  lineage: 'msx lineage feat-express',
  closure: 'msx closure feat-payments --at 1',
  plan: 'msx plan feat-payments -o wide',
  predict: 'git diff --name-only main | msx predict shop --overlay feat-cart --changed -',
  explain: 'msx explain feat-payments catalog',
  resolve: 'msx resolve feat-express shipping',
  artifacts: 'msx artifacts shop --format nginx --with feat-payments > routes.conf',
  trace: 'msx trace feat-payments@1',
  events: 'msx events -w --env feat-payments',
  stop: 'msx stop feat-payments --wait',
  resume: 'msx resume feat-payments --wait',
  sleep: 'msx sleep feat-payments --wait',
  wake: 'msx wake feat-payments --wait',
  scale: 'msx scale shop catalog 3 --wait',
  retry: 'msx retry feat-payments --wait',
  delete: 'msx delete feat-payments --wait',
  audit: 'msx audit prove 3 -o json',
  dlq: 'msx dlq list',
  check: 'msx check propagation feat-payments --path /',
  logs: 'msx logs feat-payments payments',
  snapshot: 'msx snapshot create stock --name nightly',
  seed: 'msx seed run demo-orders feat-stock',
  sweep: 'msx sweep --yes',
};

function buildProgram(): Command {
  const program = new Command('msx')
    .description(
      'Blueprints into sparse, derived environments: what runs here, what is inherited, where requests go, and why',
    )
    .version('0.1.0')
    .configureHelp({ sortSubcommands: false })
    .exitOverride()
    .showHelpAfterError('(msx --help lists the commands)');
  withExample(program, 'msx');

  add(program, 'up', 'Start a nats-server, the six services and the router on this machine', (command) =>
    command
      .option('--data <dir>', 'where everything is kept (default: MSX_DATA or .msx)')
      .option('--split', 'six services in six processes instead of one')
      .option('--driver <driver>', 'where environments run: process or kubernetes (default: MSX_DRIVER or process)')
      .action(async (flags: Flags) => (await import('./up.ts')).upCommand(flags)),
  );
  add(program, 'apply', 'Submit a Blueprint', (command) =>
    command
      .requiredOption('-f, --file <file...>', 'Blueprint in YAML or JSON; - reads standard input')
      .option('--env <name>', 'environment, where the file does not say its name')
      .option('--dry-run', 'decide through the bus, commit and start nothing')
      .option('--wait', 'wait for the outcome of the activation')
      .option('--wait-timeout <seconds>', 'give up waiting after so long', '300')
      .action(async (flags: Flags) => (await import('./commands/apply.ts')).applyCommand(flags)),
  );
  add(
    program,
    'import',
    'Make a Blueprint of Compose files or Kubernetes manifests, and say what became of the rest',
    (command) =>
      command
        .argument('<form>', 'compose or kubernetes')
        .argument('<files...>', 'merged in this order; - reads standard input')
        .option('--env-file <file>', 'compose: values of variables; a later one wins', collect)
        .option('--profile <name>', 'compose: services of this profile too; * for all', collect)
        .option('--name <name>', "the environment (default: the application's, or its folder's)")
        .option('--mode <mode>', 'baseline or overlay (default: baseline)')
        .option('--baseline <name>', 'the parent of an overlay')
        .option('--report <format>', 'table, json or none, on standard error (default: table)')
        .action(async (form: string, files: string[], flags: Flags) =>
          (await import('./commands/import.ts')).importCommand(form, files, flags),
        ),
  );
  add(
    program,
    'get',
    'List environments, services, revisions, activations, executions, journal, submissions or audit',
    (command) =>
      command
        .argument('<kind>', 'what to list; execution <env> shows every transition')
        .argument('[name]', 'an environment')
        .option('--at <generation>', 'as of a generation')
        .action(async (kind: string, name: string | undefined, flags: Flags) =>
          (await import('./commands/get.ts')).getCommand(kind, name, flags),
        ),
  );
  add(program, 'status', 'Show how environments are', (command) =>
    command
      .argument('[env]')
      .option('--at <generation>', 'as of a generation')
      .action(async (env: string | undefined, flags: Flags) =>
        (await import('./commands/status.ts')).statusCommand(env, flags),
      ),
  );
  add(
    program,
    'plan',
    'Show what runs here, what is inherited, the jobs and the cost; of a file without applying it',
    (command) =>
      command
        .argument('[env]')
        .option('-f, --file <file>', 'decide a Blueprint through the bus; nothing is committed or started')
        .option('--env <name>', 'environment, where the file does not say its name')
        .option(
          '--what-if <change...>',
          'under price=<name>:<micro-dollars>, policy=<file> or parent=<env>[@<generation>]; nothing is recorded',
        )
        .option('--at <generation>', 'as of a generation')
        .action(async (env: string | undefined, flags: Flags) =>
          (await import('./commands/plan.ts')).planCommand(env, flags),
        ),
    'table, wide, json, yaml, name or mermaid (MSX_OUTPUT)',
  );
  add(
    program,
    'predict',
    'Predict which services changed files or images are going to change, and plan that; say how good predictions were',
    (command) =>
      command
        .argument('[env]', 'what is going to change, or what a new overlay is going to derive from')
        .option('--changed <names...>', 'files or images that changed; - reads lines from standard input')
        .option('--overlay <name>', 'the overlay that is going to be made')
        .option('-f, --file <file>', 'of a Blueprint that nobody applied')
        .option('--env <name>', 'environment, where the file does not say its name')
        .option('--at <generation>', 'from what stood at a generation')
        .option('--no-keep', 'do not keep it until a plan confirms or discards it')
        .option('--stats', 'list what was predicted, what came of it, and the hit rate')
        .action(async (env: string | undefined, flags: Flags) =>
          (await import('./commands/predict.ts')).predictCommand(env, flags),
        ),
  );
  add(
    program,
    'diff',
    'Show what leads from one environment to another, or what applying a Blueprint would change (exit code 6)',
    (command) =>
      command
        .argument('[from]', 'an environment, or <env>@<generation>')
        .argument('[to]', 'another one')
        .option('-f, --file <file>', 'Blueprint in YAML or JSON; - reads standard input')
        .option('--env <name>', 'environment, where the file does not say its name')
        .option('--at <generation>', 'of both, where they do not say one of their own')
        .option('--exit-code', 'of two environments: exit code 6 where they differ')
        .action(async (from: string | undefined, to: string | undefined, flags: Flags) =>
          (await import('./commands/diff.ts')).diffCommand(from, to, flags),
        ),
  );
  add(
    program,
    'graph',
    'Show what an environment amounts to: services, owners, dependencies',
    (command) =>
      command
        .argument('<env>')
        .option('--at <generation>', 'as of a generation')
        .action(async (env: string, flags: Flags) => (await import('./commands/graph.ts')).graphCommand(env, flags)),
    'table, wide, json, yaml, name, mermaid or dot (MSX_OUTPUT)',
  );
  add(
    program,
    'lineage',
    'Show what an environment derives from, with pins and offers, and who derives from it',
    (command) =>
      command
        .argument('<env>')
        .option('--at <generation>', 'as of a generation; states and children are of the present only')
        .action(async (env: string, flags: Flags) =>
          (await import('./commands/lineage.ts')).lineageCommand(env, flags),
        ),
  );
  add(
    program,
    'closure',
    'Make and keep the closure of a generation, all that it was derived from by digest; or take one from a file',
    (command) =>
      command
        .argument('[env]')
        .option('--at <generation>', 'of a generation (default: the newest)')
        .option('-f, --file <file>', 'take a closure that -o json printed elsewhere; - reads standard input')
        .action(async (env: string | undefined, flags: Flags) =>
          (await import('./commands/closure.ts')).closureCommand(env, flags),
        ),
  );
  add(program, 'explain', 'Say why a service runs here or is inherited, or why a job is there', (command) =>
    command
      .argument('<env>')
      .argument('<service>')
      .option('--at <generation>', 'as of a generation')
      .action(async (env: string, service: string, flags: Flags) =>
        (await import('./commands/explain.ts')).explainCommand(env, service, flags),
      ),
  );
  add(program, 'resolve', 'Show where requests for a service go, and every tier that was tried', (command) =>
    command
      .argument('<env>')
      .argument('[service]')
      .option('--at <generation>', 'as of a generation')
      .option('--diff <generation>', 'what became of the records since that generation; exit code 6 where one differs')
      .action(async (env: string, service: string | undefined, flags: Flags) =>
        (await import('./commands/resolve.ts')).resolveCommand(env, service, flags),
      ),
  );
  add(
    program,
    'artifacts',
    'Print where requests go in the form that a proxy, a cluster, a name server or a registry reads',
    (command) =>
      command
        .argument('<env>', 'whose callers ask')
        .requiredOption(
          '--format <format>',
          'router, kubernetes, gateway, gateway-consumer, envoy, nginx, haproxy, coredns or registry',
        )
        .option('--with <env...>', 'tell the contexts of these environments too, of one generation with <env>@<n>')
        .option('--mirror <env>', 'send this environment a copy of the requests that belong to <env> (envoy, gateway)')
        .option('--service <name>', 'of one service only')
        .option('--at <generation>', 'as of a generation')
        .action(async (env: string, flags: Flags) =>
          (await import('./commands/artifacts.ts')).artifactsCommand(env, flags),
        ),
    'json, yaml, name, table or wide show the artifacts with their digests; default is their text',
  );
  add(program, 'trace', 'Draw the trace of an activation', (command) =>
    command
      .argument('<activation>', '<env>@<generation>, an environment, or a trace id')
      .action(async (activation: string, flags: Flags) =>
        (await import('./commands/trace.ts')).traceCommand(activation, flags),
      ),
  );
  add(program, 'events', 'Print events', (command) =>
    command
      .option('-w, --watch', 'go on with new ones')
      .option('--env <name>', 'of one environment only')
      .option('--at <generation>', 'of one generation only')
      .action(async (flags: Flags) => (await import('./commands/events.ts')).eventsCommand(flags)),
  );
  add(program, 'logs', 'Print what a local service wrote', (command) =>
    command
      .argument('<env>')
      .argument('<service>')
      .action(async (env: string, service: string, flags: Flags) =>
        (await import('./commands/logs.ts')).logsCommand(env, service, flags),
      ),
  );
  add(
    program,
    'check',
    'Send probes through an environment and say which service drops its context (exit code 6)',
    (command) =>
      command
        .argument('<what>', 'propagation')
        .argument('<env>')
        .option('--path <path>', 'what is asked of each entry, by GET (default: /)')
        .option('--probes <count>', 'so many to each entry (default: 3)')
        .action(async (what: string, env: string, flags: Flags) =>
          (await import('./commands/check.ts')).checkCommand(what, env, flags),
        ),
  );
  add(program, 'audit', 'List, prove, verify or export the audit log, or print its public key', (command) =>
    command
      .argument('<verb>', 'list, prove, verify, export or key')
      .argument('[n]', 'prove: the number of an entry')
      .option('--size <entries>', 'prove: in the checkpoint of so many entries (default: the newest)')
      .option('--since <entries>', 'prove: and that the log only grew since the checkpoint of so many entries')
      .option('--file <file>', 'verify: an export or a proof (default: the log of the graph that runs)')
      .option('--key <file>', 'verify: the public key in PEM that you were given')
      .option('--checkpoint <file...>', 'verify: checkpoints that were kept elsewhere')
      .action(async (verb: string, n: string | undefined, flags: Flags) =>
        (await import('./commands/audit.ts')).auditCommand(verb, n, flags),
      ),
  );
  add(program, 'dlq', 'List, show or retry dead letters: messages that nobody could handle', (command) =>
    command
      .argument('<verb>', 'list, show or retry')
      .argument('[sequence]', 'the number that list prints')
      .option('--wait', 'retry: wait for the outcome')
      .option('--wait-timeout <seconds>', 'give up waiting after so long', '300')
      .action(async (verb: string, sequence: string | undefined, flags: Flags) =>
        (await import('./commands/dlq.ts')).dlqCommand(verb, sequence, flags),
      ),
  );
  add(
    program,
    'snapshot',
    'Store the data of an environment, list what is stored, or show one and check it',
    (command) =>
      command
        .argument('<verb>', 'create, list or show')
        .argument('[name]', 'create: an environment; list: of one only; show: <env>/<name>')
        .option('--services <names...>', 'create: of these only (default: every stateful one that runs there)')
        .option('--name <name>', 'create: what it is called (default: s1, s2 …)')
        .action(async (verb: string, name: string | undefined, flags: Flags) =>
          (await import('./commands/snapshot.ts')).snapshotCommand(verb, name, flags),
        ),
  );
  add(program, 'seed', 'Find packages of data, show one, or run one against an environment', (command) =>
    command
      .argument('<verb>', 'search, show or run')
      .argument('[words...]', 'search: a word; show: <name>[@<version>]; run: <name>[@<version>] <env>')
      .option('--services <names...>', 'run: against these only (default: those that the package is made for)')
      .option('--wait-timeout <seconds>', 'run: give up waiting after so long', '300')
      .action(async (verb: string, words: string[], flags: Flags) =>
        (await import('./commands/seed.ts')).seedCommand(verb, words, flags),
      ),
  );
  add(program, 'sweep', 'List what a runtime left behind and no environment owns; remove it with --yes', (command) =>
    command
      .option('--yes', 'remove processes, records and routes that nobody owns')
      .option('--folders', 'with --yes: and folders, with the data and secrets in them')
      .action(async (flags: Flags) => (await import('./commands/sweep.ts')).sweepCommand(flags)),
  );
  addVerb(program, 'stop', 'Stop what runs locally; a parent that children hold is refused without --cascade');
  addVerb(program, 'resume', 'Run again what was stopped');
  addVerb(
    program,
    'sleep',
    'Take local processes away and keep routes and data; a request, a child or wake brings them back',
  );
  addVerb(program, 'wake', 'Run again what sleeps');
  add(program, 'scale', 'Declare how many instances of a service run, and change nothing else', (command) =>
    command
      .argument('<env>', 'that declares the service itself')
      .argument('<service>')
      .argument('<replicas>', '0 to 100')
      .option('--wait', 'wait for the outcome')
      .option('--wait-timeout <seconds>', 'give up waiting after so long', '300')
      .action(async (env: string, service: string, replicas: string, flags: Flags) =>
        (await import('./commands/scale.ts')).scaleCommand(env, service, replicas, flags),
      ),
  );
  addVerb(program, 'retry', 'Derive a new generation and try again');
  addVerb(program, 'delete', 'Take an environment away');
  return program;
}

/** An option that may be given several times. */
function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function addVerb(program: Command, verb: string, description: string): void {
  add(program, verb, description, (command) => {
    if (verb === 'stop' || verb === 'sleep' || verb === 'delete')
      command.option('--cascade', 'children that hold it go too');
    return command
      .argument('<env>')
      .option('--wait', 'wait for the outcome')
      .option('--wait-timeout <seconds>', 'give up waiting after so long', '300')
      .action(async (env: string, flags: Flags) => (await import('./commands/verb.ts')).verbCommand(verb, env, flags));
  });
}

function add(
  program: Command,
  name: string,
  description: string,
  shape: (command: Command) => Command,
  formats = 'table, wide, json, yaml or name (MSX_OUTPUT)',
): void {
  const command = program.command(name).description(description).exitOverride();
  command.addOption(new Option('-o, --output <format>', formats));
  command.addOption(new Option('--org <name>', 'organisation (MSX_ORG)'));
  shape(command);
  withExample(command, name);
}

function withExample(command: Command, name: string): void {
  const example = examples[name];
  if (example) command.addHelpText('after', `\nExample:\n  $ ${example}`);
}
