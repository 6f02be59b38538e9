import { KubeConfig, KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import { fieldManager } from '../../../core/kubernetes/marks.ts';

/** Server-side apply through the generated client as it comes; only to measure ours against it. */
export function stockApply(kubeconfig: string): (object: object) => Promise<unknown> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  return (object) => api.patch(object, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply);
}
