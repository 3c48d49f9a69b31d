export { type OpsEntry, type OpsQuery, opsEntries, opsPage } from './ops-log.ts';
