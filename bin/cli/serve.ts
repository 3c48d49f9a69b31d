import { Command } from 'commander';
import pc from 'picocolors';
import type { Server } from '../server/server.ts';
import type { Io } from './io.ts';
import { WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { configured } from './with-log.ts';

/** A stop that takes longer is cut short, so that whoever waits for it is not left waiting. */
const STOP_DEADLINE_MS = 9_000;
const FATAL_EXIT = 1;

export const serveVerb = (context: VerbContext): Command =>
  new Command('serve')
    .description('Runs Hindsight: the log, its views, HTTP and the WebSocket gateway in one process.')
    .option('--roles <list>', 'which roles this process has; embedded it has all', 'all')
    .addHelpText(
      'after',
      '\nExamples:\n  hindsight serve --port 8080\n  HINDSIGHT_DEMO=false HINDSIGHT_DATA=/srv/chat hindsight serve',
    )
    .action(async (options: { roles: string }) => {
      if (options.roles !== 'all') throw new WrongUsage('embedded, one process has all roles: leave --roles out');
      const { io } = context;
      const { startEmbedded } = await import('../embedded/start.ts'); // only here: the other verbs start faster without it
      const server = await startEmbedded({
        config: configured(context),
        warn: (message) => io.err(`warning: ${message}`),
        say: (message) => io.err(message),
        onFatal(error) {
          io.err(
            `hindsight: ${error.message}: stopping at once, since nothing can be trusted to this process any more`,
          );
          process.exit(FATAL_EXIT);
        },
      });
      greet(io, server);
      await untilStopped(io, server);
    });

function greet(io: Io, { http, gateway, demo }: Server): void {
  io.out(`${pc.bold('Hindsight')} is up: ${pc.cyan(http)} (sockets: ${gateway}, API: ${http}/docs)`);
  const [user] = demo?.users ?? [];
  if (!demo?.chatId || !user) return;
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

function untilStopped(io: Io, server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      const late = setTimeout(() => {
        io.err('hindsight: stopping took too long and was cut short; nothing acknowledged is lost');
        process.exit(0);
      }, STOP_DEADLINE_MS);
      server.close().then(() => {
        clearTimeout(late);
        resolve();
      }, reject);
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  });
}
