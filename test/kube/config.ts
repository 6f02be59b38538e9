/** The cluster to test against, where there is one already: its objects are left as they were. */
export const kubeconfig: string | undefined = process.env.KUBECONFIG || undefined;

/** Where the commands of a kubebox are, beside the project by default. */
export const kubeboxDir: string | undefined = process.env.MSX_KUBEBOX || undefined;

/** `MSX_KUBE=long` runs the counts of the issue; by default a form short enough for every change. */
export const isLong: boolean = process.env.MSX_KUBE === 'long';

export const environment: NodeJS.ProcessEnv = process.env;
