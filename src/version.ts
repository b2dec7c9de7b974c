// The version of this package, as it is told to clients, logs and metrics. test/service checks it against package.json.

export const version = '0.1.0'
