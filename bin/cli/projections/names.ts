import type { ProjectionAdmin } from '../../../gateway/http/ops/port.ts';
import { WrongUsage } from '../io.ts';

export const ALL = 'all';
/** Listed beside the views of a cluster: it can be watched, and neither rebuilt nor compared. */
const NO_VIEW = 'deliveries';

/** The views that a name stands for. */
export async function namesOf(admin: ProjectionAdmin, name: string): Promise<string[]> {
  const listed = (await admin.list()).map((state) => state.name);
  const names = listed.filter((view) => view !== NO_VIEW);
  if (name === ALL) return names;
  if (!names.includes(name))
    throw new WrongUsage(`no view is called ${name}: there are ${names.join(', ')} and ${ALL}`);
  return [name];
}
