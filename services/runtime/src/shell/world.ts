import type { Bucket } from '@microstax/bus/bus';
import type { Owner } from '@microstax/model/journal';
import type { Clock } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';
import type { Tracer } from '@opentelemetry/api';
import type { RuntimeLimits } from '../config.ts';
import type { Driver } from './driver/driver.ts';
import type { Graph } from './graph.ts';
import type { Routers } from './routers.ts';

/** Everything outside that an execution touches; the whole of it can be replaced in a test. */
export type World = {
  readonly owner: Owner;
  readonly driver: Driver;
  readonly graph: Graph;
  readonly routers: Routers;
  /** `msx_routes`. */
  readonly tables: Bucket;
  /** `msx_environments`. */
  readonly statuses: Bucket;
  readonly clock: Clock;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly limits: RuntimeLimits;
};
