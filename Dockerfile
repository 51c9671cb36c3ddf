# Build:  docker build -t ippool .
# Run:    docker run -d -p 127.0.0.1:8080:8080 -v ippool-data:/var/lib/ippool --read-only --cap-drop ALL ippool
# Settings are environment variables (IPPOOL_NETWORK …) or flags behind the image name. config/compose.yaml has it all.

# Any image with Node 20.19 or later, npm, and flock(1) of util-linux or busybox.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
# --ignore-scripts: nothing here needs one, and our own `prepare` would compile before the sources are there.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier
COPY tsconfig.json ./
COPY src ./src
RUN node src/build.mjs
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier

FROM ${BASE}
ENV NODE_ENV=production \
    IPPOOL_HOST=0.0.0.0 \
    IPPOOL_DATA=/var/lib/ippool
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Before VOLUME, so that a new named volume takes over the owner. A bind mount needs `chown 10001:10001` on the host.
RUN install -d -m 0700 -o 10001 -g 10001 /var/lib/ippool
VOLUME /var/lib/ippool
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001
EXPOSE 8080
# Another port is set by IPPOOL_PORT, not by --port, so that this finds it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.IPPOOL_PORT || 8080}/readyz`, { signal: AbortSignal.timeout(2500) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell in between: SIGTERM has to arrive at node, which then finishes what is under way, in 8 s at most.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/main.js"]
