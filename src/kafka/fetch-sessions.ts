// Fetch sessions (KIP-227): placeholder of types until the fetch handler lands.
export class FetchSessions {}
