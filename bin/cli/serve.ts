import { once } from 'node:events';
import { Command } from 'commander';
import pc from 'picocolors';
import { type Config, isCluster } from '../../infra/config.ts';
import { parseRoles, ROLES, ROLES_HELP, type Roles } from '../cluster/roles.ts';
import { type ServerOptions, StoppedStarting } from '../server/composition.ts';
import type { Server } from '../server/server.ts';
import type { Io } from './io.ts';
import { WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { configured } from './with-log.ts';

/** A stop that takes longer is cut short, so that whoever waits for it is not left waiting. */
const STOP_DEADLINE_MS = 9_000;
const FATAL_EXIT = 1;
const FAILED_START_MS = 1_000;

export const serveVerb = (context: VerbContext): Command =>
  new Command('serve')
    .description('Runs Hindsight: the log, its views, HTTP and the WebSocket gateway in one process.')
    .option('--roles <list>', `in a cluster, what this process does: ${ROLES_HELP}`, 'all')
    .addHelpText(
      'after',
      '\nExamples:\n  hindsight serve --port 8080\n  HINDSIGHT_DEMO=false HINDSIGHT_DATA=/srv/chat hindsight serve',
    )
    .action(async (options: { roles: string }) => {
      const roles = parseRoles(options.roles);
      if (!roles) throw new WrongUsage(`--roles takes ${ROLES_HELP}`);
      const { io } = context;
      const stop = whenToStop(io);
      const starting = start(configured(context), roles, {
        stop,
        warn: (message) => io.err(`warning: ${message}`),
        say: (message) => io.err(message),
        onFatal(error) {
          io.err(
            `hindsight: ${error.message}: stopping at once, since nothing can be trusted to this process any more`,
          );
          process.exit(FATAL_EXIT);
        },
      });
      const server = await starting.catch((error: unknown) => {
        if (error instanceof StoppedStarting) return null;
        // What a library has left open must not keep alive what could not start: by then its error has been told.
        setTimeout(() => process.exit(), FAILED_START_MS).unref();
        throw error;
      });
      if (server) {
        greet(io, server);
        if (!stop.aborted) await once(stop, 'abort');
        await server.close();
      }
      process.exit(0); // nothing that a library has left open may keep alive what has stopped
    });

/** Loaded only here: the other verbs start faster without it. */
async function start(config: Config, roles: Roles, told: Omit<ServerOptions, 'config'>): Promise<Server> {
  if (isCluster(config)) {
    const { startCluster } = await import('../cluster/start.ts');
    return startCluster({ config, roles, ...told });
  }
  if (roles.size < Object.keys(ROLES).length)
    throw new WrongUsage('embedded, one process has all roles: leave --roles out');
  const { startEmbedded } = await import('../embedded/start.ts');
  return startEmbedded({ config, ...told });
}

function greet(io: Io, { http, gateway, ops, demo }: Server): void {
  const places = [
    ...(gateway ? [`sockets: ${gateway}`] : []),
    ...(http ? [`API: ${http}/docs`] : []),
    ...(ops ? [`probes and metrics: ${ops}`] : []),
  ];
  io.out(`${pc.bold('Hindsight')} is up${http ? `: ${pc.cyan(http)}` : ''} (${places.join(', ')})`);
  const [user] = demo?.users ?? [];
  if (!demo?.chatId || !user || !http) return;
  const body = JSON.stringify({ username: user.username, password: user.password });
  const token = `$(curl -s ${http}/v1/sessions -H 'content-type: application/json' -d '${body}' | node -pe 'JSON.parse(require("fs").readFileSync(0)).accessToken')`;
  const line = (query: string): string =>
    `  curl -s -H "authorization: Bearer ${token}" '${http}/v1/chats/${demo.chatId}/messages?limit=3${query}'`;
  io.out(
    `\nOpen ${pc.cyan(http)} and sign in as ${demo.users.map(({ displayName }) => displayName).join(', ')}: a real conversation, and a slider over its time.`,
  );
  io.out(`The chat now, and as it stood at ${demo.asOf}: paste\n`);
  io.out(line(''));
  io.out(line(`&asOf=${demo.asOf}`));
  io.out(`\n${demo.attribution}\nTo start empty: HINDSIGHT_DEMO=false HINDSIGHT_DATA=<new folder> npm start`);
}

/** Aborted by SIGTERM or SIGINT, from the first moment on: as process 1 of a container nothing else would end it. */
function whenToStop(io: Io): AbortSignal {
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    setTimeout(() => {
      io.err('hindsight: stopping took too long and was cut short; nothing acknowledged is lost');
      process.exit(0);
    }, STOP_DEADLINE_MS);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return stopping.signal;
}
