# One image for the API, the worker and the command line. The command selects one:
#   (default)                        the API
#   node dist/worker.js              the worker
#   node dist/cli/main.js migrate    a command for operators

FROM node:24-slim AS build
WORKDIR /app
# npm ci applies the patches, so they are copied before it.
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
# The Temporal SDK is native code and reads root certificates from the system, not from Node.
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
# The API and the worker answer /livez on different ports. The port without a process refuses the connection
# immediately.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const ports = [process.env.PORT, process.env.WORKER_HEALTH_PORT]; Promise.any(ports.map(async (port) => { const { ok } = await fetch(`http://127.0.0.1:${port}/livez`); if (!ok) throw new Error(port); })).then(() => process.exit(0), () => process.exit(1))"]
# tini forwards SIGTERM and reaps child processes, so that the container stops cleanly.
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "dist/api/main.js"]
