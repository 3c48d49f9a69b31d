import { down, up } from '../../../bin/dev-servers/index.ts';
import { ircLogs } from '../../support/irc-logs.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/server-process.ts';
import { ensure, type Part, scaled } from '../part.ts';
import { proveEqual } from './equal/equal.ts';
import { type RoleProcess, startRole, WHOLE_CLUSTER } from './role-process.ts';
import { playScene, SERVER_ENV } from './scene.ts';

const LOGS = 51;
const CHANGES = 5_000;
const HEAT = 600;
const COMINGS = 600;
const PAGES = 10_000;
const DIFFERENCES_SHOWN = 20;

export const clusterEqualPart: Part = {
  name: 'cluster-equal',
  what: 'all logs through a cluster: its views and its answers as of random points are those of the embedded run',
  onlyNamed: true,
  async run({ share, seed, say }) {
    const random = seeded(seed);
    const folder = temporaryFolder();
    const data = temporaryFolder();
    const processes: RoleProcess[] = [];
    const quiet = (): void => undefined;
    try {
      const files = ircLogs()
        .days.slice(0, scaled(LOGS, share))
        .map(({ path }) => path);
      const [changes, heat, comings] = [CHANGES, HEAT, COMINGS].map((full) => scaled(full, share)) as [
        number,
        number,
        number,
      ];
      const { chats } = await playScene({ data, random, files, changes, heat, comings, say });
      const servers = await up({ folder, say: quiet });
      const env: Record<string, string> = Object.assign({}, ...servers.map((server) => server.env));
      for (const roles of WHOLE_CLUSTER)
        processes.push(await startRole(roles, { env: { ...env, ...SERVER_ENV }, say }));
      say(`${processes.length} processes are up`);
      const http = processes[0]?.server().http ?? '';
      const pages = scaled(PAGES, share);
      const { facts, differences } = await proveEqual({ data, env, http, chats, pages, random, say });
      const shown = differences.slice(0, DIFFERENCES_SHOWN).join('\n');
      ensure(differences.length === 0, `${JSON.stringify(facts)}: ${differences.length} differences\n${shown}`);
      return { logs: files.length, chats: chats.length, ...facts, differences: 0 };
    } finally {
      await Promise.all(processes.map((process) => process.stop()));
      await down({ folder, say: quiet });
    }
  },
};
