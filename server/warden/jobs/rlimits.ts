// Resource limits of one job: the configured ones, then the request's, on a copy. In the original a request's limits were
// written into the configuration and leaked into every later job.
import { isFieldSet } from '@bufbuild/protobuf';
import { type ResourceLimits, ResourceLimitsSchema } from '../protocol/gen/warden_pb.ts';

/** By the protocol's names (`nofile`), soft and hard alike. */
export function rlimitsFor(
  configured: Readonly<Record<string, bigint>>,
  asked: ResourceLimits | undefined,
): Record<string, bigint> {
  const limits = { ...configured };
  if (!asked) return limits;
  for (const field of ResourceLimitsSchema.fields) {
    if (!isFieldSet(asked, field)) continue;
    const value: unknown = Reflect.get(asked, field.localName);
    if (typeof value === 'bigint') limits[field.name] = value;
  }
  return limits;
}
