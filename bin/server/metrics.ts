export { exposeGatewayMetrics } from '../metrics/gateway.ts';
export { exposeProjectionMetrics } from '../metrics/projections.ts';
