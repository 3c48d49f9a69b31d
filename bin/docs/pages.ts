import { cliPage } from './cli.ts';
import { errorsPage } from './errors.ts';
import { limitsPage } from './limits.ts';
import { metricsPage } from './metrics.ts';
import { settingsPage } from './settings.ts';

/** The pages of `docs/` that are written from the code, by file name. */
export const generatedPages = (): Record<string, string> => ({
  'settings.md': `${settingsPage()}\n`,
  'errors.md': `${errorsPage()}\n`,
  'limits.md': `${limitsPage()}\n`,
  'metrics.md': `${metricsPage()}\n`,
  'cli.md': `${cliPage()}\n`,
});
