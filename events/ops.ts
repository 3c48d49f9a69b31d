import * as z from 'zod';

/** Each has a stream `ops-<area>`, and `ops log` reads these. */
export const OPS_AREAS = ['projections', 'parked', 'import', 'events', 'export', 'query', 'replay', 'backup'] as const;
export type OpsArea = (typeof OPS_AREAS)[number];

/** `ops-<area>`: what operators and analysts did: who, what, on what, why and how it ended. Words withheld never appear. */
export const StoredOpsData = {
  OperatorActed: z.object({
    action: z.string(),
    target: z.string(),
    reason: z.string().optional(),
    outcome: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
  /** A read of chats' events by role `analyst`: recorded before the first byte is sent (PROTOCOL §3.5). */
  EventsRead: z.object({ content: z.boolean(), filter: z.record(z.string(), z.string()) }),
};
/** `config-<section>`: a section of the dynamic configuration as it is from now on. */
export const StoredConfigData = {
  ConfigurationChanged: z.object({ values: z.record(z.string(), z.unknown()) }),
};
