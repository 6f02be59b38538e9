/** A Blueprint that says everything there is to say. */
export const wholeBlueprint = `
name: shop
routing:
  mode: baseline
  front: allow
  propagateHeader: false
  providers:
    mail: { external: "Mail.example.com:25", protocol: tcp, region: eu-west }
    search: tools
    vault: { external: "[2001:db8::7]:8200", port: api }
  pools: [{ environment: spare, capacity: 3, labels: { tier: 1, kind: pool } }, common]
plan: large
plans:
  small: { services: { api: { replicas: 1 } } }
  large:
    services:
      api:
        replicas: 3
        image: acme/api:2
        args: [--workers, 8]
        env: { MODE: fast }
        resources: { requests: { cpu: 1 }, limits: { memory: 2Gi } }
budget: { perHour: 1.5 }
residency: { region: eu-west, allowed: [eu-west, eu-north] }
ttl: 72h
autoShutdownEnabled: true
autoShutdownDelayMinutes: 45
snapshot: { from: prod/nightly, services: [db], sanitise: { users.email: mask, users.id: keep, users.name: fake, unclassified: allow } }
seeds: [demo, users@2, { name: orders, version: 1.10, services: [db] }]
services:
  api:
    image: acme/api
    command: api
    workingDir: /srv
    user: 1000
    security: { runAsNonRoot: true, capabilities: { drop: [ALL] } }
    args: [--quiet]
    ports: [8080, 9000/grpc, "53:53/udp", { name: dns-tcp, containerPort: 53, protocol: tcp }]
    env: { MODE: slow, RATE: 1.50 }
    secrets:
      - { name: key, envKey: KEY, value: auto-generated }
      - { name: pass, envKey: PASS, ref: shop-db/password }
    resources: { memory: 1Gi, limits: { cpu: 2 } }
    probes:
      startup: { tcp: { port: 8080 }, failures: 30, period: 1s }
      readiness: { http: { port: http, path: /ready, headers: { X-From: probe } }, initialDelay: 1m30s, timeout: 2 }
      liveness: { exec: { command: alive }, successes: 1 }
    volumes:
      - { name: data, mountPath: /data/, size: 10Gi }
      - { name: conf, mountPath: /etc/api, type: config, files: { a.yaml: "x: 1" } }
      - { name: tmp, mountPath: /tmp, type: empty }
    mocks: { mode: sidecar, image: acme/mock, env: { PORT: 1 } }
    init: { script: select 1 }
    contract: { version: 1.4 }
    dependsOn: [{ service: db, protocol: tcp, contract: 1 }]
  db:
    image: registry.example:5000/postgres@sha256:${'ab'.repeat(32)}
    ports: [5432/tcp]
    stateful: true
    contract: { version: 1.10 }
`;
