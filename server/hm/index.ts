// The health manager, which makes the actual state follow the desired one.
export { type BulkOptions, bulkFetcher } from './bulk.ts';
export {
  createHealthManager,
  type HealthManager,
  type HealthManagerDeps,
  type HealthManagerStatus,
} from './health-manager.ts';
