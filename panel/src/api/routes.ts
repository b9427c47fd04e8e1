/* The routes that the panel calls, and with which arguments; test/routes.test.ts looks each of them
 * up in the OpenAPI document, when it is given one. */
export interface Route {
  path: string;
  methods: Record<string, string[]>; /* method -> arguments in the query or in the body */
}

const partnerArguments = [
  "description", "additional", "type", "tls", "sasl", "dialback", "connection-limit", "keep-alive",
  "proxy-fqdn", "enabled", "trust-anchor", "pinned-keys",
];

export const routes = {
  session: { path: "/session", methods: { GET: [], POST: ["name", "password"], DELETE: [] } },
  ownPassword: { path: "/session/password", methods: { PUT: ["so-far", "password"] } },
  events: { path: "/events", methods: { GET: [] } },
  samples: { path: "/health/samples", methods: { GET: ["hours"] } },
  partners: {
    path: "/partners",
    methods: { GET: ["match", "limit", "cursor"], POST: ["domain", ...partnerArguments] },
  },
  partner: { path: "/partners/{domain}", methods: { GET: [], PATCH: partnerArguments, DELETE: [] } },
  states: { path: "/partner-states", methods: { GET: ["limit", "cursor"] } },
  attempts: { path: "/partners/{domain}/attempts", methods: { GET: [] } },
  test: { path: "/partners/{domain}/test", methods: { POST: ["with"] } },
  negotiation: { path: "/negotiation", methods: { GET: ["tls", "sasl", "dialback"] } },
  streams: { path: "/streams", methods: { GET: ["partner", "limit", "cursor"] } },
  contacts: {
    path: "/contacts",
    methods: { GET: ["user", "partner", "limit", "cursor"], DELETE: ["user", "partner"] },
  },
  access: {
    path: "/access",
    methods: { GET: ["limit", "cursor"], PUT: ["user", "domain", "xmpp"], DELETE: ["user", "domain"] },
  },
  effective: { path: "/access/effective", methods: { GET: ["user", "domain"] } },
  settings: { path: "/settings", methods: { GET: [], PATCH: ["connection-limit"] } },
  stream: { path: "/streams/{id}", methods: { GET: [] } },
  close: { path: "/streams/close", methods: { POST: ["id"] } },
  pair: { path: "/contacts/pair", methods: { GET: ["user", "partner"] } },
  blocks: {
    path: "/blocks",
    methods: { GET: ["user", "limit", "cursor"], POST: ["user", "address"], DELETE: ["user", "address"] },
  },
  audit: { path: "/audit", methods: { GET: ["object", "who", "action", "limit", "cursor"] } },
  revision: { path: "/audit/{id}", methods: { GET: [] } },
  restore: { path: "/audit/{id}/restore", methods: { POST: [] } },
  door: { path: "/door", methods: { GET: [] } },
  lift: { path: "/door/lift", methods: { POST: ["address"] } },
  reload: { path: "/certificates/reload", methods: { POST: [] } },
  health: { path: "/health", methods: { GET: [] } },
  accounts: {
    path: "/accounts",
    methods: { GET: ["limit", "cursor"], POST: ["name", "role", "password", "generate"] },
  },
  account: { path: "/accounts/{name}", methods: { PATCH: ["role", "enabled"], DELETE: [] } },
  password: { path: "/accounts/{name}/password", methods: { PUT: ["password", "generate"] } },
  tokens: {
    path: "/tokens",
    methods: { GET: ["limit", "cursor"], POST: ["name", "role", "days"] },
  },
  token: { path: "/tokens/{id}", methods: { DELETE: [] } },
  sessions: { path: "/sessions", methods: { GET: ["account", "limit", "cursor"], DELETE: ["account"] } },
  export: { path: "/export", methods: { GET: [] } },
  import: { path: "/import", methods: { POST: ["document", "partial", "mode"] } },
  importLync: { path: "/import/lync", methods: { POST: ["document", "partial"] } },
} satisfies Record<string, Route>;
