# One image for the API, the worker and the command line; the command decides:
#   (default)                        the API
#   node dist/worker.js              the worker
#   node dist/cli/main.js migrate    a command of the operator

FROM node:24-slim AS build
WORKDIR /app
# The patches are applied by the installation, so they come before it.
COPY package.json package-lock.json ./
COPY patches ./patches
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
COPY patches ./patches
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

FROM node:24-slim
# The Temporal SDK is native code and looks for root certificates in the system, not in Node.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates tini \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    WORKER_HEALTH_PORT=8081
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8080 8081
# Either process answers /livez on its own port; the one that does not run here refuses at once.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const ports = [process.env.PORT, process.env.WORKER_HEALTH_PORT]; Promise.any(ports.map(async (port) => { const { ok } = await fetch(`http://127.0.0.1:${port}/livez`); if (!ok) throw new Error(port); })).then(() => process.exit(0), () => process.exit(1))"]
# tini passes SIGTERM on and collects children, so that a stop is the orderly one.
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "dist/api/main.js"]
