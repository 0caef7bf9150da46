// What is known of the build. Vite writes its answers in here, and drops what a build cannot need: what is for development, and, where
// the plugin has compiled the page, what does without. Others have no `env`.

interface Meta {
  readonly env?: { readonly PROD?: boolean; readonly ISOPOOL_CARRIED?: boolean };
}

export const isProduction: boolean | undefined = (import.meta as Meta).env?.PROD;
export const isCarried: boolean | undefined = (import.meta as Meta).env?.ISOPOOL_CARRIED;
