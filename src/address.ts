// HOST:PORT and its parts, with brackets around an IPv6 address. Settings have checked the form.

export const joinAddress = (host: string, port: number | string): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

export function parseAddress(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

/** Listened on, it is every address of this machine: nobody can connect to it by that name. The host as `parseAddress` gives it. */
export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'
