import { aRevision, aService, type ServiceDraft } from '@microstax/testkit/blueprints';

/** A shop of eight services, three levels deep, one of them stateful; `web` is what users know. */
export const shop = aRevision('shop', {
  services: [
    aService('web', { expose: true, dependsOn: ['catalog', 'cart', 'checkout'] }),
    aService('catalog', { dependsOn: [{ service: 'pricing', required: false }] }),
    aService('pricing'),
    aService('cart', { dependsOn: ['store'] }),
    aService('store', {
      stateful: true,
      resources: { cpuMillicores: 250, memoryBytes: 256 * 1024 ** 2, storageBytes: 1024 ** 3 },
    }),
    aService('checkout', { dependsOn: ['payments', 'shipping', 'cart'] }),
    aService('payments'),
    aService('shipping'),
  ],
});

/** An overlay on the shop that declares these services. */
export function overlay(env: string, services: Readonly<Record<string, ServiceDraft>>, parent = 'shop') {
  return aRevision(env, { parent, services: Object.entries(services).map(([name, draft]) => aService(name, draft)) });
}
