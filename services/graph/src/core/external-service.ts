import type { EffectiveService } from '@microstax/model/effective-graph';
import type { ExternalAddress } from '@microstax/model/external-address';
import { addressText } from '@microstax/model/external-address';
import type { Revision } from '@microstax/model/revision';
import { serviceIdentity } from '@microstax/model/service-identity';
import { type ServiceSpec, specDigest } from '@microstax/model/service-spec';

/** What an address outside amounts to as a service: the one port that is said of it, and nothing that could run here. */
export function externalService(name: string, address: ExternalAddress, { org, project }: Revision): EffectiveService {
  const { portName, port, protocol } = address;
  const spec: ServiceSpec = {
    name,
    args: [],
    ports: [{ name: portName, containerPort: port, protocol }],
    env: {},
    secrets: [],
    resources: { cpuMillicores: 0, memoryBytes: 0, storageBytes: 0 },
    expose: false,
    stateful: false,
    sharing: 'allow',
    dependsOn: [],
    labels: {},
  };
  const identity = serviceIdentity({ org, project, firstName: name, ordinal: 0 });
  return { name, identity, spec, specDigest: specDigest(spec), owner: addressText(address) };
}
